package systemdtest

import (
	"maps"
	"reflect"
	"strings"

	sddbus "github.com/coreos/go-systemd/v22/dbus"
	"github.com/godbus/dbus/v5"
)

const (
	managerPath      = dbus.ObjectPath("/org/freedesktop/systemd1")
	managerInterface = "org.freedesktop.systemd1.Manager"
	unitInterface    = "org.freedesktop.systemd1.Unit"
	serviceInterface = "org.freedesktop.systemd1.Service"
	propertiesName   = "org.freedesktop.DBus.Properties"
	unitPathPrefix   = "/org/freedesktop/systemd1/unit/"
)

// objects finds the manager and the units, which come and go, for the D-Bus library.
type objects struct{ server *Server }

// LookupObject finds the manager or any unit, known or not: systemd answers for units that do not exist, too.
func (o objects) LookupObject(path dbus.ObjectPath) (dbus.ServerObject, bool) {
	if path == managerPath {
		return object{managerInterface: o.server.managerMethods()}, true
	}
	if escaped, ok := strings.CutPrefix(string(path), unitPathPrefix); ok && escaped != "" {
		return object{propertiesName: o.server.propertyMethods(unescape(escaped))}, true
	}
	return nil, false
}

// object is the interfaces of one object by name.
type object map[string]methods

// LookupInterface finds an interface.
func (o object) LookupInterface(name string) (dbus.Interface, bool) {
	m, ok := o[name]
	return m, ok
}

// methods are those of one interface, by member.
type methods map[string]method

// LookupMethod finds a method.
func (m methods) LookupMethod(name string) (dbus.Method, bool) {
	found, ok := m[name]
	return found, ok
}

// method is one method: args are examples of its arguments, which give their types.
type method struct {
	args []any
	call func(args []any) ([]any, error)
}

// Call is given pointers to the decoded arguments.
func (m method) Call(args ...any) ([]any, error) {
	values := make([]any, len(args))
	for i, arg := range args {
		values[i] = reflect.ValueOf(arg).Elem().Interface()
	}
	return m.call(values)
}

// NumArguments is the number of arguments.
func (m method) NumArguments() int { return len(m.args) }

// NumReturns is for introspection, which is not offered.
func (m method) NumReturns() int { return 0 }

// ArgumentValue gives the type of an argument.
func (m method) ArgumentValue(i int) any { return m.args[i] }

// ReturnValue is for introspection, which is not offered.
func (m method) ReturnValue(int) any { return nil }

func (s *Server) propertyMethods(unit string) methods {
	return methods{
		"Get": {[]any{"", ""}, func(args []any) ([]any, error) {
			iface, name := args[0].(string), args[1].(string)
			all := s.properties(unit, iface, "Get")
			value, ok := all[name]
			switch {
			case all == nil:
				return nil, dbus.MakeUnknownInterfaceError(iface)
			case !ok:
				return nil, dbus.NewError("org.freedesktop.DBus.Error.UnknownProperty", []any{"Unknown property " + name})
			}
			return []any{value}, nil
		}},
		"GetAll": {[]any{""}, func(args []any) ([]any, error) {
			all := s.properties(unit, args[0].(string), "GetAll")
			if all == nil {
				return nil, dbus.MakeUnknownInterfaceError(args[0].(string))
			}
			return []any{all}, nil
		}},
	}
}

// properties are those of one interface of a unit, of all when its name is empty; nil when the unit has no such interface.
func (s *Server) properties(name, iface, member string) map[string]dbus.Variant {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[member]++
	st := s.load()
	u := s.view(s.find(&st, name))
	of := map[string]map[string]any{unitInterface: {
		"Id": name, "LoadState": u.LoadState, "ActiveState": u.ActiveState, "SubState": u.SubState,
		"UnitFileState": u.FileState, "NeedDaemonReload": u.needsReload(s), "ActiveEnterTimestamp": u.StartedAt,
	}}
	if strings.HasSuffix(name, ".service") {
		of[serviceInterface] = map[string]any{
			"Result": u.Result, "MainPID": u.MainPID, "ExecMainCode": u.ExitCode, "ExecMainStatus": u.ExitStatus,
			"NRestarts": u.NRestarts,
		}
	}
	values, ok := of[iface]
	if iface == "" {
		values, ok = of[unitInterface], true
		maps.Copy(values, of[serviceInterface])
	}
	if !ok {
		return nil
	}
	variants := make(map[string]dbus.Variant, len(values))
	for key, value := range values {
		variants[key] = dbus.MakeVariant(value)
	}
	return variants
}

// unescape reverses go-systemd's PathBusEscape: _xx is the byte with that hexadecimal number.
func unescape(text string) string {
	var b strings.Builder
	for i := 0; i < len(text); i++ {
		if text[i] != '_' || i+2 >= len(text) {
			b.WriteByte(text[i])
			continue
		}
		b.WriteByte(unhex(text[i+1])<<4 | unhex(text[i+2]))
		i += 2
	}
	return b.String()
}

func unhex(c byte) byte {
	if c >= 'a' {
		return c - 'a' + 10
	}
	return c - '0'
}

// enableChange is the form in which systemd reports a change of a link: the same struct that its client uses.
type enableChange = sddbus.EnableUnitFileChange
