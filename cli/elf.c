/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * elf.c - see elf.h. Every offset comes from the file and is checked by the
 * read itself: file_read_at() fails on what lies behind the end.
 */
#include "cli/elf.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/fault.h"
#include "host/file.h"

struct reader {
    int fd;
    const char *path;
    uint64_t file_len;
    struct fault *fault;
    Elf64_Phdr ph[ELF_PHDR_MAX];
    unsigned phnum;
};

struct tables { /* file offsets, from the dynamic section */
    uint64_t strtab_va;
    uint64_t strtab_off;
};

static const char *machine_name(unsigned machine)
{
    switch (machine) {
    case EM_386:
        return "32-bit x86";
    case EM_AARCH64:
        return "64-bit ARM";
    case EM_ARM:
        return "32-bit ARM";
    case EM_RISCV:
        return "RISC-V";
    case EM_PPC64:
        return "64-bit PowerPC";
    case EM_S390:
        return "S/390";
    default:
        return "another processor";
    }
}

static int broken(const struct reader *r, const char *why)
{
    return fault_set(r->fault, ENOEXEC,
                     "'%s' is a damaged ELF file: %s; install or build it "
                     "again",
                     r->path, why);
}

bool elf_recognise(const char *path)
{
    char magic[SELFMAG];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool is_elf;

    if (fd < 0)
        return false;
    is_elf = pread(fd, magic, sizeof(magic), 0) == (ssize_t)sizeof(magic) &&
             memcmp(magic, ELFMAG, SELFMAG) == 0;
    close(fd);
    return is_elf;
}

static int header_read(struct reader *r, struct elf *elf)
{
    Elf64_Ehdr eh = { 0 };
    ssize_t n = pread(r->fd, &eh, sizeof(eh), 0);

    if (n < 0)
        return fault_sys(r->fault, errno, "cannot read '%s'", r->path);
    if (n < SELFMAG || memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0)
        return fault_set(r->fault, ENOEXEC,
                         "'%s' is not a program: neither an ELF file, nor an "
                         "image that 'samara build' made, nor a #! script",
                         r->path);
    if (n < (ssize_t)sizeof(eh))
        return broken(r, "it ends inside its header");
    if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_machine != EM_X86_64)
        return fault_set(r->fault, ENOEXEC,
                         "'%s' is built for %s; only 64-bit x86 (x86-64) "
                         "programs run: get that build of it",
                         r->path, machine_name(eh.e_machine));
    if (eh.e_ident[EI_DATA] != ELFDATA2LSB ||
        eh.e_phentsize != sizeof(Elf64_Phdr))
        return broken(r, "its header is odd");
    if (eh.e_phnum > ELF_PHDR_MAX)
        return broken(r, "it has too many segments");
    if (eh.e_phoff > r->file_len ||
        eh.e_phnum * sizeof(r->ph[0]) > r->file_len - eh.e_phoff)
        return broken(r, "it ends before its program headers (truncated?)");
    elf->machine = eh.e_machine;
    elf->entry = eh.e_entry;
    elf->is_program =
        eh.e_type == ET_EXEC || (eh.e_type == ET_DYN && eh.e_entry != 0);
    r->phnum = eh.e_phnum;
    return file_read_at(r->fd, r->ph, eh.e_phnum * sizeof(r->ph[0]), eh.e_phoff,
                        r->path, r->fault);
}

static int segments_check(const struct reader *r, const struct elf *elf)
{
    unsigned i, loads = 0;

    for (i = 0; i < r->phnum; i++) {
        const Elf64_Phdr *ph = &r->ph[i];

        if (ph->p_type != PT_LOAD && ph->p_type != PT_INTERP &&
            ph->p_type != PT_DYNAMIC)
            continue;
        if (ph->p_offset > r->file_len ||
            ph->p_filesz > r->file_len - ph->p_offset)
            return broken(r, "it ends before its segments do (truncated?)");
        if (ph->p_type != PT_LOAD)
            continue;
        loads++;
        if (ph->p_memsz < ph->p_filesz || ph->p_vaddr >= 1ull << 47 ||
            ph->p_memsz >= 1ull << 47)
            return broken(r, "a segment lies outside the address space");
        if (ph->p_vaddr % 4096 != ph->p_offset % 4096)
            return broken(r, "a segment cannot be mapped");
    }
    if (loads == 0 && elf->is_program)
        return broken(r, "it has nothing to load");
    return 0;
}

/* A NUL-terminated name at off; at most len_max bytes of it. */
static int name_read(const struct reader *r, uint64_t off, size_t len_max,
                     char **name_out)
{
    char name[ELF_NAME_MAX];
    ssize_t n;

    if (off >= r->file_len)
        return broken(r, "a name lies outside the file");
    if (len_max > sizeof(name))
        len_max = sizeof(name);
    n = pread(r->fd, name, len_max, (off_t)off);
    if (n <= 0 || !memchr(name, '\0', (size_t)n))
        return broken(r, "a name has no end");
    free(*name_out);
    *name_out = mem_strdup(name);
    return 0;
}

static uint64_t va_to_off(const struct reader *r, uint64_t va)
{
    unsigned i;

    for (i = 0; i < r->phnum; i++) {
        const Elf64_Phdr *ph = &r->ph[i];

        if (ph->p_type == PT_LOAD && va >= ph->p_vaddr &&
            va - ph->p_vaddr < ph->p_filesz)
            return ph->p_offset + (va - ph->p_vaddr);
    }
    return UINT64_MAX;
}

static int dynamic_take(const struct reader *r, const Elf64_Dyn *d,
                        uint64_t strtab, struct elf *elf)
{
    char *name = NULL;
    char **into;
    int err;

    switch (d->d_tag) {
    case DT_NEEDED:
        if (d->d_un.d_val >= r->file_len)
            return broken(r, "a name lies outside the file");
        err = name_read(r, strtab + d->d_un.d_val, ELF_NAME_MAX, &name);
        if (err == 0)
            list_add_take(&elf->needed, name);
        return err;
    case DT_SONAME:
        into = &elf->soname;
        break;
    case DT_RPATH:
        into = &elf->rpath;
        break;
    case DT_RUNPATH:
        into = &elf->runpath;
        break;
    default:
        return 0;
    }
    if (d->d_un.d_val >= r->file_len)
        return broken(r, "a name lies outside the file");
    return name_read(r, strtab + d->d_un.d_val, ELF_NAME_MAX, into);
}

static int dynamic_read(const struct reader *r, const Elf64_Phdr *ph,
                        struct elf *elf)
{
    size_t count = ph->p_filesz / sizeof(Elf64_Dyn);
    uint64_t strtab = UINT64_MAX;
    Elf64_Dyn *dyn;
    size_t i;
    int err;

    if (count > ELF_DYNAMIC_MAX)
        return broken(r, "its dynamic section is too long");
    dyn = mem_alloc(count * sizeof(*dyn));
    err = file_read_at(r->fd, dyn, count * sizeof(*dyn), ph->p_offset, r->path,
                       r->fault);
    for (i = 0; i < count && err == 0 && dyn[i].d_tag != DT_NULL; i++)
        if (dyn[i].d_tag == DT_STRTAB)
            strtab = va_to_off(r, dyn[i].d_un.d_ptr);
    for (i = 0; i < count && err == 0 && dyn[i].d_tag != DT_NULL; i++) {
        if (strtab >= r->file_len)
            err = broken(r, "its table of names is missing");
        else
            err = dynamic_take(r, &dyn[i], strtab, elf);
    }
    free(dyn);
    return err;
}

int elf_read(const char *path, struct elf *elf, struct fault *fault)
{
    struct reader r = { .path = path, .fault = fault };
    struct stat st;
    unsigned i;
    int err;

    memset(elf, 0, sizeof(*elf));
    r.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (r.fd < 0)
        return fault_sys(fault, errno, "cannot read '%s'", path);
    if (fstat(r.fd, &st) == 0)
        r.file_len = (uint64_t)st.st_size;
    err = header_read(&r, elf);
    if (err == 0)
        err = segments_check(&r, elf);
    for (i = 0; i < r.phnum && err == 0; i++) {
        const Elf64_Phdr *ph = &r.ph[i];

        if (ph->p_type == PT_INTERP)
            err = name_read(&r, ph->p_offset, ph->p_filesz, &elf->interp);
        else if (ph->p_type == PT_DYNAMIC)
            err = dynamic_read(&r, ph, elf);
    }
    close(r.fd);
    if (err)
        elf_fini(elf);
    return err;
}

void elf_fini(struct elf *elf)
{
    free(elf->interp);
    free(elf->soname);
    free(elf->rpath);
    free(elf->runpath);
    list_fini(&elf->needed);
    memset(elf, 0, sizeof(*elf));
}
