package worker

// HoldingImage is the image of the container that holds each pod together. Nothing but a pod's beginning pulls it, so that
// it must not be cleaned away.
func (f Facts) HoldingImage() string { return f.sandboxImage() }
