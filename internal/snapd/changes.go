package snapd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"
)

// ChangeProgress is how far a change has come.
type ChangeProgress struct {
	// Summary is what the daemon does: `Install "kubelet" snap from "1.28/stable" channel`.
	Summary string
	// Task is the step it is at: `Download snap "kubelet" (10) from channel "1.28/stable"`.
	Task string
	// Done and Total count the bytes of a download, and are 0 for steps that count nothing.
	Done, Total int64
	// Step and Steps count the tasks: Step are ready, of Steps.
	Step, Steps int
}

// Progress is told about every difference, from the goroutine of the call. It may be nil.
type Progress func(ChangeProgress)

type change struct {
	ID      string         `json:"id"`
	Kind    string         `json:"kind"`
	Summary string         `json:"summary"`
	Status  string         `json:"status"`
	Ready   bool           `json:"ready"`
	Err     string         `json:"err"`
	Tasks   []task         `json:"tasks"`
	Data    map[string]any `json:"data"`
}

type task struct {
	Kind     string   `json:"kind"`
	Summary  string   `json:"summary"`
	Status   string   `json:"status"`
	Log      []string `json:"log"`
	Progress struct {
		Done  int64 `json:"done"`
		Total int64 `json:"total"`
	} `json:"progress"`
}

// rerefreshTask is a step of each refresh that waits for all others, and is being done from the start.
const rerefreshTask = "check-rerefresh"

// progress describes the change by the first task that is being done.
func (ch change) progress() ChangeProgress {
	p := ChangeProgress{Summary: clean(ch.Summary, 200), Steps: len(ch.Tasks)}
	waits := ""
	for _, t := range ch.Tasks {
		switch t.Status {
		case "Done", "Undone", "Hold", "Error":
			p.Step++
		case "Doing", "Undoing", "Abort":
			if t.Kind == rerefreshTask {
				waits = clean(t.Summary, 200)
				continue
			}
			if p.Task != "" {
				continue
			}
			p.Task = clean(t.Summary, 200)
			if t.Progress.Total > 1 {
				p.Done, p.Total = t.Progress.Done, t.Progress.Total
			}
		}
	}
	if p.Task == "" {
		p.Task = waits
	}
	return p
}

// wait polls a change until it is ready. The daemon may go away meanwhile and come back, for a bounded time.
func (c *Client) wait(ctx context.Context, op, id string, progress Progress) (change, error) {
	ctx, cancel := context.WithTimeout(ctx, c.settings.ChangeTimeout)
	defer cancel()
	var last ChangeProgress
	var awaySince time.Time
	for pause := 50 * time.Millisecond; ; pause = min(2*pause, 500*time.Millisecond) {
		var ch change
		err := c.look(ctx, op, id, &ch)
		switch {
		case err == nil:
			awaySince = time.Time{}
			if now := ch.progress(); progress != nil && now != last {
				progress(now)
				last = now
			}
			if ch.Ready {
				return ch, ch.outcome(op)
			}
		case ctx.Err() != nil:
			return change{}, unfinished(op, id, last, ctx.Err())
		case !isAway(err):
			return change{}, err
		case awaySince.IsZero():
			awaySince = c.settings.Now()
		case c.settings.Now().Sub(awaySince) > c.settings.RestartPatience:
			return change{}, err
		}
		if c.settings.Wait(ctx, pause) != nil {
			return change{}, unfinished(op, id, last, ctx.Err())
		}
	}
}

// look asks once, without the dial retries of call: wait has its own patience.
func (c *Client) look(ctx context.Context, op, id string, ch *change) error {
	ctx, cancel := context.WithTimeout(ctx, c.settings.ReadTimeout)
	defer cancel()
	a, err := c.once(ctx, request{op: op, method: http.MethodGet, path: "/v2/changes/" + url.PathEscape(id)})
	if err != nil {
		return err
	}
	return a.store(op, ch)
}

// isAway reports whether the daemon is restarting, as far as one can tell from one failed request.
func isAway(err error) bool {
	e, ok := asError(err)
	if !ok {
		return false
	}
	if e.Kind == "daemon-restart" || e.Kind == "system-restart" || e.Status == http.StatusServiceUnavailable {
		return true
	}
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) ||
		errors.Is(err, context.DeadlineExceeded) || isDisconnect(err)
}

func unfinished(op, id string, last ChangeProgress, cause error) *Error {
	at := ""
	if last.Task != "" {
		at = ", at: " + last.Task
	}
	return &Error{Op: op, Change: id, Err: cause, class: Unfinished,
		Message: fmt.Sprintf("change %s of snapd is still running%s", clean(id, 20), at)}
}

// settle waits for the changes of a snap that are in progress, for instance those of a hook that was killed. Their
// outcome is not ours: the caller looks at what is there afterwards. It reports whether there was one.
func (c *Client) settle(ctx context.Context, op, name string, progress Progress) (bool, error) {
	var list []change
	path := "/v2/changes?select=in-progress&for=" + url.QueryEscape(name)
	if err := c.get(ctx, op, path, c.settings.ReadTimeout, &list); err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.settings.OthersTimeout)
	defer cancel()
	waited := false
	for _, ch := range list {
		if ch.ID == "" || ch.Ready {
			continue
		}
		waited = true
		_, err := c.wait(ctx, op, ch.ID, progress)
		if e, ok := asError(err); ok && (e.class == Unfinished || e.Change == "") {
			return waited, err
		}
	}
	return waited, nil
}

// outcome turns a ready change into its error.
func (ch change) outcome(op string) error {
	if ch.Status == "Done" && ch.Err == "" {
		return nil
	}
	e := &Error{Op: op, Change: ch.ID, Message: clean(withoutQueries(changeText(ch.Err)), messageLimit), class: Other}
	if e.Message == "" {
		e.Message = fmt.Sprintf("change %s of snapd ended as %s", clean(ch.ID, 20), clean(ch.Status, 40))
	}
	var rest []string
	for _, t := range ch.Tasks {
		if t.Status != "Error" {
			continue
		}
		text := t.failure()
		if hook, output, ok := hookFailure(text); t.Kind == "run-hook" && ok {
			e.Hook, e.HookOutput, e.class = hook, output, HookFailed
		} else {
			rest = append(rest, text)
		}
	}
	if len(rest) == 0 && e.Hook == "" {
		rest = append(rest, ch.Err)
	}
	whole := strings.Join(rest, "\n")
	switch class := classifyText(whole + "\n" + e.HookOutput); {
	case class == DiskFull:
		e.class = DiskFull
	case e.Hook == "":
		e.class = classifyText(whole)
	default:
		e.Message = fmt.Sprintf("its %s hook failed: %s", e.Hook, e.HookOutput)
	}
	return e
}

// changeText drops the daemon's heading, so that the reason itself stands first.
func changeText(text string) string {
	text = strings.TrimSpace(text)
	for _, heading := range []string{"cannot perform the following tasks:", "- "} {
		text = strings.TrimSpace(strings.TrimPrefix(text, heading))
	}
	return text
}

// failure is the text of the last line of a task's log that tells of an error, without its time.
func (t task) failure() string {
	for i := len(t.Log) - 1; i >= 0; i-- {
		if _, text, ok := strings.Cut(t.Log[i], " ERROR "); ok {
			return text
		}
	}
	return ""
}

// hookFailure splits `run hook "configure": ` and the output, which the daemon puts between dashes when it has more than
// one line.
func hookFailure(text string) (hook, output string, ok bool) {
	rest, found := strings.CutPrefix(text, `run hook "`)
	if !found {
		return "", "", false
	}
	hook, output, found = strings.Cut(rest, `":`)
	if !found {
		return "", "", false
	}
	output = strings.TrimSpace(output)
	output = strings.TrimSuffix(strings.TrimPrefix(output, "-----"), "-----")
	output = clean(output, 600)
	if output == "" {
		output = "it printed nothing"
	}
	return clean(hook, 60), output, true
}
