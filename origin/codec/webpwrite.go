package codec

import (
	"bytes"
	"encoding/binary"

	"github.com/gen2brain/webp"

	"github.com/vitrine-iiif/vitrine/wasm/fault"
	"github.com/vitrine-iiif/vitrine/wasm/pixel"
)

// writeWebP writes a lossy WebP. The library takes RGBA: its YCbCr would be that
// of video, see fullRange.
func writeWebP(b *bytes.Buffer, m *pixel.Image, quality, method int) error {
	if m.Width > 16383 || m.Height > 16383 {
		return fault.New("codec.Encode", fault.Unsupported, "the image is too large for WebP")
	}
	profile := m.ICC
	if m.Model == pixel.Gray { // else a bitonal image would become a palette
		m = pixel.ToRGB(m)
	}
	if profile == nil {
		return webp.Encode(b, m.Std(), webp.Options{Quality: quality, Method: method})
	}
	var plain bytes.Buffer
	if err := webp.Encode(&plain, m.Std(), webp.Options{Quality: quality, Method: method}); err != nil {
		return err
	}
	return addProfile(b, plain.Bytes(), m, profile)
}

// addProfile copies a WebP file with an ICCP chunk behind the VP8X chunk, which
// it needs and gets if there is none (RFC 9649 §2.7).
func addProfile(b *bytes.Buffer, file []byte, m *pixel.Image, profile []byte) error {
	const head, extended = 12, 18
	if len(file) < head+8 {
		return errorText("the encoder wrote no WebP")
	}
	body := file[head:]
	vp8x := make([]byte, extended)
	copy(vp8x, "VP8X\x0a\x00\x00\x00")
	if string(body[:4]) == "VP8X" && len(body) >= extended {
		copy(vp8x, body)
		body = body[extended:]
	} else {
		putInt24(vp8x[12:], m.Width-1)
		putInt24(vp8x[15:], m.Height-1)
	}
	vp8x[8] |= 0x20
	b.WriteString("RIFF")
	padded := len(profile) + len(profile)&1
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(4+extended+8+padded+len(body))))
	b.WriteString("WEBP")
	b.Write(vp8x)
	b.WriteString("ICCP")
	b.Write(binary.LittleEndian.AppendUint32(nil, uint32(len(profile))))
	b.Write(profile)
	b.Write(make([]byte, padded-len(profile)))
	b.Write(body)
	return nil
}

func putInt24(b []byte, v int) { b[0], b[1], b[2] = byte(v), byte(v>>8), byte(v>>16) }
