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
// takes about a third of the bytes. Of the other colours, which are shades at the edges
// of lines, each becomes the one nearest to it.
func lighten(drawn []byte) ([]byte, error) {
	full, err := png.Decode(bytes.NewReader(drawn))
	if err != nil {
		return nil, fmt.Errorf("read a picture that was drawn: %w", err)
	}
	light := image.NewPaletted(full.Bounds(), palette(full))
	draw.Draw(light, full.Bounds(), full, image.Point{}, draw.Src)
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, light); err != nil {
		return nil, fmt.Errorf("write a picture: %w", err)
	}
	return out.Bytes(), nil
}

func palette(full image.Image) (most color.Palette) {
	count := map[color.RGBA]int{}
	for y := full.Bounds().Min.Y; y < full.Bounds().Max.Y; y++ {
		for x := full.Bounds().Min.X; x < full.Bounds().Max.X; x++ {
			count[color.RGBAModel.Convert(full.At(x, y)).(color.RGBA)]++
		}
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
