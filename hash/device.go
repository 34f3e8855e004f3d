package hash

import (
	"fmt"
	"strings"
)

// Device is what the files lie on.
type Device uint8

const (
	// DeviceAuto asks the kernel, and does not believe it for virtual disks, which
	// mostly call themselves spinning and are not.
	DeviceAuto Device = iota
	DeviceSSD
	DeviceHDD
)

var deviceNames = [...]string{DeviceAuto: "auto", DeviceSSD: "ssd", DeviceHDD: "hdd"}

func (d Device) String() string { return deviceNames[d] }

// ParseDevice is the reverse of Device.String.
func ParseDevice(s string) (Device, error) {
	for d, name := range deviceNames {
		if s == name {
			return Device(d), nil
		}
	}
	return 0, fmt.Errorf("%q is not one of %s", s, strings.Join(deviceNames[:], ", "))
}

// disk is what a filesystem lies on. Filesystems with equal names take turns.
type disk struct {
	name  string
	spins bool
}
