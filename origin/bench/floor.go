package main

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
)

// floorCommand, as the first argument, makes this program the server of floor.
const floorCommand = "serve-from-memory"

// serveFloor answers with the files of a folder, from memory, and does nothing
// else: what Go's net/http costs by itself.
func serveFloor(addr, dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, "*.jpg"))
	if err != nil {
		return err
	}
	bodies := map[string][]byte{}
	for _, path := range files {
		if bodies["/"+filepath.Base(path)], err = os.ReadFile(path); err != nil {
			return err
		}
	}
	return http.ListenAndServe(addr, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, ok := bodies[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "image/jpeg")
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.Write(body)
	}))
}

// floor starts that server on the files of another target.
func (f *farm) floor(ctx context.Context, files *target) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	t := &target{server: "net/http", form: files.form, static: files.static}
	if t.addr, err = freeAddress(); err != nil {
		return err
	}
	f.targets = append(f.targets, t)
	if err := f.run(ctx, t, t.addr, nil, self, floorCommand, t.addr, filepath.Join(f.dir, "static-"+files.form)); err != nil {
		return err
	}
	f.settle(t)
	return nil
}
