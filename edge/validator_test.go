package edge

import (
	"testing"

	"github.com/vitrine-iiif/vitrine/origin/conformance"
)

// TestValidator: the official validator passes on the edge at level 2, for both
// versions. What is no tile of the pyramid comes from the origin behind it.
func TestValidator(t *testing.T) {
	images := conformance.ValidatorImages(t, ".png")
	port := freePort(t)
	// size_noup wants 400 for !w,h above the region; see the origin's test.
	o := startOrigin(t, "--source", images, "--identifier-suffix=.png", "--public-url", base(port), "--strict-size")
	w := startWorker(t, workerConfig{origin: o.base, port: port, vars: map[string]string{"VITRINE_STRICT_SIZE": "true"}})
	w.fill(ingest(t, images, "--identifier-suffix=.png"))
	for version, tests := range map[string]int{"2.0": 30, "3.0": 33} {
		passed, failed := conformance.Validate(t, w.base, version, "2")
		if len(passed) != tests || len(failed) != 0 {
			t.Errorf("version %s: %d of %d passed, failed: %v", version, len(passed), tests, failed)
		}
	}
	t.Logf("%d requests of the origin", o.requests())
}
