package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// The forms in which a picture is served.
const (
	formJPEG = "jpeg"
	formOwn  = "own"
	formTIFF = "tiff"
)

// target is a server that serves one picture in one form under many names.
type target struct {
	server, form string
	// api is the version of the Image API that its paths are written for; 0
	// stands for files, whose paths are in static.
	api    int
	addr   string
	prefix string
	// names are the identifiers; the first warm of them are for warm requests,
	// each of the others is requested once, next from fresh on.
	names       []string
	warm, fresh int
	processes   []*process
	pids        []int
	static      []string
	// lengths are the verified answers; refused says why a kind of work is left out.
	lengths map[string]int
	refused map[string]error
}

// farm starts and ends the servers for one picture.
type farm struct {
	picture *picture
	// binary is the vitrine program, iipsrv IIPImage's.
	binary, iipsrv string
	// dir is where links, sockets and logs go.
	dir     string
	targets []*target
	say     func(string, ...any)
}

// close ends all servers.
func (f *farm) close() {
	for len(f.targets) > 0 {
		f.drop(f.targets[0])
	}
}

// drop ends one server.
func (f *farm) drop(t *target) {
	for i := len(t.processes) - 1; i >= 0; i-- {
		t.processes[i].stop()
	}
	f.targets = slices.DeleteFunc(f.targets, func(other *target) bool { return other == t })
}

// links makes a folder of hard links to file, so that one file has many names.
func (f *farm) links(folder, file string, n int) (dir string, names []string, err error) {
	dir = filepath.Join(f.dir, folder)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, err
	}
	for i := range n {
		name := fmt.Sprintf("%s-%03d%s", f.picture.name, i, filepath.Ext(file))
		if err := os.Link(file, filepath.Join(dir, name)); err != nil && !errors.Is(err, os.ErrExist) {
			return "", nil, err
		}
		names = append(names, name)
	}
	return dir, names, nil
}

// run starts one process of t.
func (f *farm) run(ctx context.Context, t *target, addr string, env []string, name string, args ...string) error {
	log := filepath.Join(f.dir, fmt.Sprintf("%s-%s-%d.log", strings.ReplaceAll(t.server, "/", ""), t.form, len(t.processes)))
	p, err := start(log, env, name, args...)
	if err != nil {
		return err
	}
	t.processes = append(t.processes, p)
	return p.ready(ctx, addr)
}

// settle finishes a target whose processes run.
func (f *farm) settle(t *target) {
	t.lengths, t.refused = map[string]int{}, map[string]error{}
	t.fresh = t.warm
	t.pids = nil
	for _, p := range t.processes {
		t.pids = append(t.pids, p.pids()...)
	}
}

// vitrine starts our server on a form. store is the folder of our pyramids, or
// empty.
func (f *farm) vitrine(ctx context.Context, form, file, store string, n int) error {
	dir, names, err := f.links("vitrine-"+form, file, n)
	if err != nil {
		return err
	}
	t := &target{server: "Vitrine", form: form, api: 3, prefix: "/iiif/3", names: names, warm: warmNames}
	if t.addr, err = freeAddress(); err != nil {
		return err
	}
	f.targets = append(f.targets, t)
	args := []string{"serve", "--source", dir, "--listen", t.addr, "--log-level", "error"}
	if store != "" {
		args = append(args, "--store", store)
	}
	if err := f.run(ctx, t, t.addr, nil, f.binary, args...); err != nil {
		return err
	}
	f.settle(t)
	return nil
}

// servers starts a server for each form.
func (f *farm) servers(ctx context.Context, pl plan, pyramid string) error {
	p := f.picture
	// Two kinds of work touch names for the first time.
	links := warmNames + pl.repetitions*pl.first*2 + 1 // and passesThrough one
	if err := f.own(ctx, pyramid, links); err != nil {
		return err
	}
	for _, s := range []struct{ form, file string }{{formJPEG, p.jpeg}, {formTIFF, p.tiff[pl.tile]}} {
		if err := f.vitrine(ctx, s.form, s.file, "", links); err != nil {
			return err
		}
		if err := f.iipimage(ctx, s.form, s.file, links); err != nil {
			return err
		}
	}
	return nil
}

// own serves our pyramid of the JPEG. A pyramid belongs to an identifier and a
// revision, and links to a file have its revision: links to the pyramid are those
// of the links.
func (f *farm) own(ctx context.Context, pyramid string, n int) error {
	_, names, err := f.links("vitrine-"+formOwn, f.picture.jpeg, n)
	if err != nil {
		return err
	}
	store := filepath.Join(f.dir, "store")
	if err := os.MkdirAll(filepath.Join(store, "pyramids"), 0o755); err != nil {
		return err
	}
	for _, name := range names {
		if err := os.Link(pyramid, filepath.Join(store, "pyramids", name+".tif")); err != nil {
			return err
		}
	}
	if err := f.vitrine(ctx, formOwn, f.picture.jpeg, store, n); err != nil {
		return err
	}
	return f.targets[len(f.targets)-1].passesThrough(ctx, pyramid)
}

// passesThrough makes sure that t answers from the pyramid and not from the image
// it was made of: a tile at half size comes out as it is stored. The last name is
// asked for: no run uses it.
func (t *target) passesThrough(ctx context.Context, pyramid string) error {
	v := view{region: image.Rect(0, 0, 1024, 1024), w: 512, h: 512, quality: "default"}
	body, err := fetch(ctx, t.addr, v.path(t.api, t.prefix, t.names[len(t.names)-1]))
	if err != nil {
		return err
	}
	stored, err := os.ReadFile(pyramid)
	if err == nil && !bytes.Contains(stored, body) {
		err = errors.New("the server does not answer with the tiles that `vitrine ingest` stored")
	}
	return err
}

// iipimage starts IIPImage behind nginx: as many processes as there are
// processors, without its cache of tiles and at our quality.
func (f *farm) iipimage(ctx context.Context, form, file string, n int) error {
	dir, names, err := f.links("iip-"+form, file, n)
	if err != nil {
		return err
	}
	t := &target{server: "IIPImage", form: form, api: 2, names: names, warm: warmNames}
	f.targets = append(f.targets, t)
	env := []string{
		"FILESYSTEM_PREFIX=" + dir + "/", "MAX_IMAGE_CACHE_SIZE=0", "JPEG_QUALITY=85", "MAX_CVT=10000",
		"VERBOSITY=0", "LOGFILE=/dev/null", "MEMCACHED_SERVERS=",
		// Spinning threads would count as work that was done.
		"OMP_WAIT_POLICY=passive",
	}
	var upstream strings.Builder
	for i := range runtime.NumCPU() {
		socket := filepath.Join(f.dir, fmt.Sprintf("%s%d.s", form, i))
		if err := f.run(ctx, t, socket, env, f.iipsrv, "--bind", socket, "--backlog", "1024"); err != nil {
			return err
		}
		fmt.Fprintf(&upstream, "server unix:%s;", socket)
	}
	conf := fmt.Sprintf(`upstream iip { least_conn; %s }
server { listen %%s reuseport; location / {
	fastcgi_pass iip;
	fastcgi_buffer_size 64k; fastcgi_buffers 64 64k; fastcgi_busy_buffers_size 128k;
	fastcgi_param QUERY_STRING "IIIF=$uri"; fastcgi_param REQUEST_METHOD GET;
	fastcgi_param SERVER_PROTOCOL HTTP/1.1; fastcgi_param HTTP_HOST $http_host;
	fastcgi_param REQUEST_URI $request_uri; fastcgi_read_timeout 90s;
} }`, upstream.String())
	return f.nginx(ctx, t, conf)
}

// files serves bodies, the answers of another target, as static files and from
// memory: what a server can reach at best.
func (f *farm) files(ctx context.Context, form string, bodies map[string][]byte) error {
	t := &target{server: "nginx", form: form}
	root := filepath.Join(f.dir, "static-"+form)
	if err := os.MkdirAll(root, 0o755); err != nil {
		return err
	}
	for _, body := range bodies {
		name := fmt.Sprintf("%03d.jpg", len(t.static))
		if err := os.WriteFile(filepath.Join(root, name), body, 0o644); err != nil {
			return err
		}
		t.static = append(t.static, "/"+name)
	}
	f.targets = append(f.targets, t)
	if err := f.nginx(ctx, t, fmt.Sprintf(`server { listen %%s reuseport; root %s; open_file_cache max=1000; }`, root)); err != nil {
		return err
	}
	return f.floor(ctx, t)
}

// nginx starts nginx with a server block, in which %s is the address, and settles t.
func (f *farm) nginx(ctx context.Context, t *target, server string) error {
	addr, err := freeAddress()
	if err != nil {
		return err
	}
	t.addr = addr
	dir := filepath.Join(f.dir, "nginx-"+t.server+"-"+t.form)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	user := ""
	if os.Getuid() == 0 { // the workers must be able to read below the home folder
		user = "user root;"
	}
	var temp strings.Builder
	for _, k := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		fmt.Fprintf(&temp, "%s_temp_path %s/%s;\n", k, dir, k)
	}
	conf := fmt.Sprintf(`%s daemon off; worker_processes auto; pid %s/pid; error_log %s/error.log;
events { worker_connections 512; }
http { access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000;
types { image/jpeg jpg; } %s
%s }
`, user, dir, dir, temp.String(), fmt.Sprintf(server, addr))
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(conf), 0o644); err != nil {
		return err
	}
	// Workers are forked before the first connection is answered, so settle counts them.
	if err := f.run(ctx, t, addr, nil, "nginx", "-p", dir, "-e", dir+"/error.log", "-c", path); err != nil {
		return err
	}
	// Any answer shows that a worker runs.
	if _, err := fetch(ctx, addr, "/"); err != nil && !strings.Contains(err.Error(), "status") {
		return err
	}
	f.settle(t)
	return nil
}
