package tiff

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Every real file decodes to what libvips reads.
func TestRealFiles(t *testing.T) {
	names, _ := filepath.Glob(filepath.Join(sharedImages, "*.tif"))
	if len(names) == 0 {
		missing(t, sharedImages)
	}
	needTools(t, "vips")
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			f := open(t, name)
			l := f.Levels()[0]
			p := decode(t, f, 0, whole(f, 0))
			tolerance := 0
			if strings.Contains(name, "jpeg") {
				tolerance = 2
			}
			ref := vipsReads(t, name, "", l.Width, l.Height, l.BitsPerSample)
			compare(t, p.Image, ref, tolerance, 0.5)
			regionsAgree(t, f, 0)
			if want := map[bool]int{true: 6, false: 1}[strings.Contains(name, "rotated")]; f.Orientation() != want {
				t.Errorf("orientation %d, want %d", f.Orientation(), want)
			}
			needTools(t, "exiftool")
			icc, err := exec.Command("exiftool", "-b", "-icc_profile", name).Output()
			if err != nil {
				t.Fatal(err)
			}
			if len(icc) == 0 || string(icc) != string(f.ICC()) {
				t.Errorf("a profile of %d bytes, exiftool finds %d", len(f.ICC()), len(icc))
			}
		})
	}
}
