package registry

import (
	"regexp"
	"strings"
	"sync"
)

// image is the grammar of references to images: [host[:port]/]name[/name…][:tag][@algorithm:digest]. A first part is a
// host if it has a dot or a port, or is localhost; that is for whoever pulls to tell. It is compiled when it is needed: that
// takes longer than a good part of a hook that has nothing to do.
var image = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?/|\[[0-9a-fA-F:.]+\](?::[0-9]{1,5})?/)?` +
		`[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*` +
		`(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,256})?$`)
})

// CheckImage says what is wrong with a reference to an image; empty: nothing.
func CheckImage(text string) (reason string) {
	name, _, _ := strings.Cut(text, "@")
	switch {
	case len(name) > 512:
		return "is too long for the name of an image"
	case !image().MatchString(text):
		return "is not the name of an image, such as registry.example.com:5000/nginx/controller:v1"
	}
	return ""
}
