/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * vm.c - see vm.h. Measured on a nested host: open 12 us, create the VM 240,
 * the virtual CPU 270, map its run page 15, a memory slot 30 to 200.
 */
#include "monitor/vm.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/fault.h"

#define KVM_API 12

int vm_open(struct vm *vm, const char *kvm_path, struct fault *fault)
{
    int version;

    vm->kvm_fd = open(kvm_path, O_RDWR | O_CLOEXEC);
    if (vm->kvm_fd < 0)
        return fault_sys(fault, errno,
                         errno == EACCES
                             ? "may not open '%s': join the group that owns "
                               "it (kvm), or use --vmm qemu"
                             : "cannot open '%s': enable KVM on this machine, "
                               "or use --vmm qemu",
                         kvm_path);
    version = ioctl(vm->kvm_fd, KVM_GET_API_VERSION, 0);
    if (version != KVM_API)
        return fault_set(fault, EINVAL,
                         "'%s' is not KVM (its API version is %d, not %d); "
                         "name the right device with --kvm",
                         kvm_path, version, KVM_API);
    return 0;
}

/* KVM_CREATE_VM is refused with EINTR when a signal arrives meanwhile. */
static int create_vm(int kvm_fd)
{
    int fd;

    do {
        fd = ioctl(kvm_fd, KVM_CREATE_VM, 0);
    } while (fd < 0 && errno == EINTR);
    return fd;
}

static int vcpu_create(struct vm *vm, unsigned index, struct fault *fault)
{
    struct vcpu *cpu = &vm->vcpu[index];
    int len = ioctl(vm->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);

    cpu->vm = vm;
    cpu->index = index;
    cpu->wake_fd = -1;
    cpu->fd = ioctl(vm->vm_fd, KVM_CREATE_VCPU, index);
    if (cpu->fd < 0)
        return fault_sys(fault, errno,
                         "KVM cannot create virtual CPU %u; try fewer --cpus, "
                         "or --vmm qemu",
                         index);
    if (len < (int)sizeof(*cpu->run))
        return fault_set(fault, EINVAL,
                         "KVM's run area has only %d bytes; try --vmm qemu",
                         len);
    cpu->run =
        mmap(NULL, (size_t)len, PROT_READ | PROT_WRITE, MAP_SHARED, cpu->fd, 0);
    if (cpu->run == MAP_FAILED)
        return fault_sys(fault, errno, "cannot map KVM's run area");
    if (vm->cpu_count == 1 && !vm->has_net)
        return 0;
    cpu->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (cpu->wake_fd < 0)
        return fault_sys(fault, errno, "cannot make an eventfd");
    return 0;
}

int vm_create(struct vm *vm, struct fault *fault)
{
    int err = 0;

    vm->vm_fd = create_vm(vm->kvm_fd);
    if (vm->vm_fd < 0)
        return fault_sys(fault, errno,
                         "KVM cannot create a virtual machine; is another "
                         "hypervisor using the CPU? try --vmm qemu");
    if (ioctl(vm->vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_READONLY_MEM) <= 0 ||
        ioctl(vm->vm_fd, KVM_CHECK_EXTENSION, KVM_CAP_IMMEDIATE_EXIT) <= 0)
        return fault_set(fault, ENOTSUP,
                         "this KVM lacks read-only memory or immediate exit; "
                         "use Linux 5.4 or later, or --vmm qemu");
    for (unsigned i = 0; i < vm->cpu_count && err == 0; i++)
        err = vcpu_create(vm, i, fault);
    return err;
}

int vm_add_slot(struct vm *vm, gpa_t gpa, uint64_t len, void *host,
                enum vm_slot_kind kind, struct fault *fault)
{
    struct kvm_userspace_memory_region region = {
        .slot = vm->slot_count,
        .flags = kind == VM_SLOT_IMAGE ? KVM_MEM_READONLY : 0,
        .guest_phys_addr = gpa,
        .memory_size = len,
        .userspace_addr = (uint64_t)host,
    };

    if (ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region) != 0)
        return fault_sys(fault, errno,
                         "KVM refuses %llu bytes of guest memory at 0x%llx; "
                         "give the guest less with -m",
                         (unsigned long long)len, (unsigned long long)gpa);
    vm->slot_count++;
    gmem_add(&vm->mem, gpa, len, host, kind == VM_SLOT_RAM);
    return 0;
}

void vm_seal(struct vm *vm)
{
    close(vm->kvm_fd);
    close(vm->vm_fd); /* the virtual CPUs keep the machine alive */
    vm->kvm_fd = -1;
    vm->vm_fd = -1;
}
