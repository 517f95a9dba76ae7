package publish

import (
	"context"
	"maps"
	"slices"

	"github.com/vitrine-iiif/vitrine/manifests/item"
	"github.com/vitrine-iiif/vitrine/wasm/fault"
)

// resolve finds the sizes that the source did not know. What cannot be found fails
// its item: a canvas of 0 × 0 is never published.
func (r *run) resolve(ctx context.Context) error {
	r.sizes = map[string]known{}
	own, foreign := map[string]string{}, map[string]string{} // stamps
	for i := range r.items {
		for img := range images(&r.items[i]) {
			switch {
			case img.Width > 0 && img.Height > 0:
			case img.ID != "":
				own[img.ID] = img.Stamp
			case img.Service != "":
				foreign[img.Service] = img.Stamp
			}
		}
	}
	failed := map[string]error{}
	r.ask(ctx, r.Sizer, own, failed)
	r.ask(ctx, r.Services, foreign, failed)
	if err := ctx.Err(); err != nil {
		return fault.E("publish.Run", fault.Canceled, err)
	}
	good := r.items[:0]
	for i := range r.items {
		if err := r.fill(&r.items[i], failed); err != nil {
			r.fail(r.items[i].Ref, r.items[i].Name, fault.Public(err))
			continue
		}
		good = append(good, r.items[i])
	}
	r.items = good
	return nil
}

// sizesAtOnce is how many sizes are asked for between two signs of progress.
const sizesAtOnce = 512

// ask finds sizes by key: those known at the same stamp, and the rest from s.
func (r *run) ask(ctx context.Context, s item.Sizer, stamps map[string]string, failed map[string]error) {
	var unknown []string
	for _, key := range slices.Sorted(maps.Keys(stamps)) {
		if k, ok := r.old.Sizes[key]; ok && k.Stamp != "" && k.Stamp == stamps[key] && !r.Force {
			r.sizes[key] = k
		} else {
			unknown = append(unknown, key)
		}
	}
	if s == nil || len(unknown) == 0 {
		return
	}
	done := 0
	r.Progress("sizes", done, len(unknown))
	for batch := range slices.Chunk(unknown, sizesAtOnce) {
		sizes, bad := s.Sizes(ctx, batch)
		maps.Copy(failed, bad)
		for key, size := range sizes {
			r.sizes[key] = known{Size: size, Stamp: stamps[key]}
		}
		done += len(batch)
		r.Progress("sizes", done, len(unknown))
	}
}

// images yields the images of an item that need a size.
func images(it *item.Item) func(yield func(*item.Image) bool) {
	return func(yield func(*item.Image) bool) {
		for i := range it.Pages {
			if !yield(&it.Pages[i].Image) {
				return
			}
		}
		if !it.Thumbnail.Zero() && !yield(&it.Thumbnail) {
			return
		}
		if !it.Placeholder.Zero() && !yield(&it.Placeholder) {
			return
		}
		for i := range it.Provider {
			if logo := &it.Provider[i].Logo; logo.ID != "" || logo.Service != "" {
				if !yield(logo) {
					return
				}
			}
		}
	}
}

// fill gives the images of an item their sizes.
func (r *run) fill(it *item.Item, failed map[string]error) error {
	for img := range images(it) {
		key := img.ID
		if key == "" {
			key = img.Service
		}
		if img.Width > 0 && img.Height > 0 || key == "" {
			continue
		}
		if err := failed[key]; err != nil {
			return fault.E("publish.Run", fault.KindOf(err), err).WithPublic("the size of image " + key + " could not be found: " + fault.Public(err))
		}
		k := r.sizes[key]
		img.Width, img.Height = k.Size.Width, k.Size.Height
		if img.ID == "" {
			img.Version, img.Level = k.Size.Version, k.Size.Level
		}
	}
	return nil
}
