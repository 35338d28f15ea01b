package graph

import (
	"bytes"
	"cmp"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"slices"
)

// mostColors is how many colours a picture with a palette can have.
const mostColors = 256

// lighten writes a picture with a palette of the colours that it uses most, in which it
// takes about half of the bytes. Of the other colours, which are shades at the edges of
// lines, each becomes the one nearest to it.
func lighten(drawn []byte) ([]byte, error) {
	decoded, err := png.Decode(bytes.NewReader(drawn))
	if err != nil {
		return nil, fmt.Errorf("read a picture that was drawn: %w", err)
	}
	full := image.NewRGBA(decoded.Bounds())
	draw.Draw(full, full.Rect, decoded, image.Point{}, draw.Src)
	light := image.NewPaletted(full.Rect, palette(full))
	index := map[color.RGBA]uint8{}
	for i := range light.Pix {
		c := pixel(full, i)
		at, known := index[c]
		if !known {
			at = uint8(light.Palette.Index(c))
			index[c] = at
		}
		light.Pix[i] = at
	}
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, light); err != nil {
		return nil, fmt.Errorf("write a picture: %w", err)
	}
	return out.Bytes(), nil
}

// palette is the colours that a picture uses most.
func palette(full *image.RGBA) (most color.Palette) {
	count := map[color.RGBA]int{}
	for i := range len(full.Pix) / 4 {
		count[pixel(full, i)]++
	}
	var all []color.RGBA
	for c := range count {
		all = append(all, c)
	}
	slices.SortFunc(all, func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a.R, b.R), cmp.Compare(a.G, b.G), cmp.Compare(a.B, b.B))
	})
	for _, c := range all[:min(len(all), mostColors)] {
		most = append(most, c)
	}
	return most
}

// pixel is the i-th of a picture, row by row.
func pixel(full *image.RGBA, i int) color.RGBA {
	p := full.Pix[4*i : 4*i+4 : 4*i+4]
	return color.RGBA{p[0], p[1], p[2], p[3]}
}
