package charmpack

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
)

// machine is what the header of a program says about the machine it is for.
type machine struct {
	kind  elf.Machine
	order binary.ByteOrder
}

func machines() map[string]machine {
	return map[string]machine{
		"amd64":   {elf.EM_X86_64, binary.LittleEndian},
		"arm64":   {elf.EM_AARCH64, binary.LittleEndian},
		"ppc64el": {elf.EM_PPC64, binary.LittleEndian},
		"s390x":   {elf.EM_S390, binary.BigEndian},
	}
}

// checkProgram sees that program is a statically linked ELF file for the architecture.
func checkProgram(program []byte, architecture string) error {
	want, known := machines()[architecture]
	if !known {
		return fmt.Errorf("architecture %q is none of %v", architecture, Architectures())
	}
	file, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("it is no ELF file: %w", err)
	}
	if file.Machine != want.kind || file.ByteOrder != want.order {
		return fmt.Errorf("it is for %s (%s), not for %s", file.Machine, file.ByteOrder, architecture)
	}
	for _, segment := range file.Progs {
		if segment.Type == elf.PT_INTERP {
			return errors.New("it is linked dynamically: build it with CGO_ENABLED=0")
		}
	}
	return nil
}
