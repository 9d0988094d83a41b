/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * etc_files.c - the files that tell a guest of its network: text, and that
 * they are ordinary files; and getaddrinfo(), which reads them.
 * run: --hostname t1.example.org --add-host peer:10.9.8.7
 * run: --add-host six:[fd00::7] --dns 10.9.9.9 --dns fd00::9
 * run: --dns-search a.example --dns-search b.example --dns-option ndots:2
 * run: --add-host up:host-gateway
 */
#include "check.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/utsname.h>

/* What another machine's files say is its own affair. */
static bool in_guest(void)
{
    char name[65];

    return gethostname(name, sizeof(name)) == 0 &&
           strcmp(name, "t1.example.org") == 0;
}

static const char *contents(const char *path)
{
    static char text[4096];
    int fd = open(path, O_RDONLY);
    ssize_t n = read(fd, text, sizeof(text) - 1);

    close(fd);
    text[n > 0 ? n : 0] = '\0';
    return text;
}

TEST(a_listing_has_them)
{
    unsigned found = 0;
    struct dirent *d;
    DIR *dir;

    if (!in_guest())
        return;
    dir = opendir("/etc");
    CHECK(dir != NULL);
    if (!dir)
        return;
    while ((d = readdir(dir)) != NULL)
        if (strcmp(d->d_name, "hosts") == 0 ||
            strcmp(d->d_name, "hostname") == 0 ||
            strcmp(d->d_name, "resolv.conf") == 0)
            found++;
    CHECK_EQ(found, 3);
    closedir(dir);
}

TEST(text)
{
    if (!in_guest())
        return;
    CHECK_STR(contents("/etc/hostname"), "t1.example.org\n");
    CHECK_STR(contents("/etc/hosts"),
              "127.0.0.1\tlocalhost\n"
              "::1\tlocalhost ip6-localhost ip6-loopback\n"
              "fe00::\tip6-localnet\n"
              "ff00::\tip6-mcastprefix\n"
              "ff02::1\tip6-allnodes\n"
              "ff02::2\tip6-allrouters\n"
              "10.9.8.7\tpeer\n"
              "fd00::7\tsix\n"
              "127.0.1.1\tt1.example.org t1\n");
    CHECK_STR(contents("/etc/resolv.conf"), "nameserver 10.9.9.9\n"
                                            "nameserver fd00::9\n"
                                            "search a.example b.example\n"
                                            "options ndots:2\n");
}

static void check_address(const char *name, int family, const char *expect)
{
    struct addrinfo hints = { .ai_family = family, .ai_socktype = SOCK_STREAM };
    struct addrinfo *found = NULL;
    char text[INET6_ADDRSTRLEN] = "";
    const void *addr;
    int err = getaddrinfo(name, NULL, &hints, &found);

    CHECK_EQ(err, 0);
    if (err)
        return;
    addr = family == AF_INET
               ? (void *)&((struct sockaddr_in *)found->ai_addr)->sin_addr
               : (void *)&((struct sockaddr_in6 *)found->ai_addr)->sin6_addr;
    inet_ntop(family, addr, text, sizeof(text));
    CHECK_STR(text, expect);
    freeaddrinfo(found);
}

TEST(getaddrinfo_reads_hosts)
{
    check_address("localhost", AF_INET, "127.0.0.1");
    check_address("127.0.0.1", AF_INET, "127.0.0.1");
    if (!in_guest())
        return;
    check_address("peer", AF_INET, "10.9.8.7");
    check_address("six", AF_INET6, "fd00::7");
    check_address("t1.example.org", AF_INET, "127.0.1.1");
    check_address("t1", AF_INET, "127.0.1.1");
}

TEST(the_name_of_the_node)
{
    struct utsname u;
    char name[65] = "";

    CHECK_EQ(uname(&u), 0);
    CHECK_EQ(gethostname(name, sizeof(name)), 0);
    CHECK_STR(u.nodename, name);
}

/* Ordinary files: they can be written, renamed over and removed for good. */
TEST(writing)
{
    int fd;

    if (!in_guest())
        return;
    fd = open("/etc/hosts", O_WRONLY | O_APPEND);
    CHECK(fd >= 0);
    CHECK_EQ(write(fd, "10.9.8.8\tother\n", 15), 15);
    close(fd);
    CHECK(strstr(contents("/etc/hosts"), "t1\n10.9.8.8\tother\n") != NULL);
    check_address("other", AF_INET, "10.9.8.8");
    CHECK_EQ(rename("/etc/hosts", "/etc/hosts.old"), 0);
    CHECK_ERR(open("/etc/hosts", O_RDONLY), ENOENT);
    CHECK_EQ(rename("/etc/hosts.old", "/etc/hosts"), 0);
    check_address("peer", AF_INET, "10.9.8.7");
    CHECK_EQ(unlink("/etc/hostname"), 0);
    CHECK_ERR(open("/etc/hostname", O_RDONLY), ENOENT);
    CHECK_EQ(sethostname("later", 5), 0);
    CHECK_ERR(open("/etc/hostname", O_RDONLY), ENOENT);
}

TEST(attributes)
{
    struct stat st;

    if (!in_guest())
        return;
    CHECK_EQ(stat("/etc/resolv.conf", &st), 0);
    CHECK_EQ(st.st_mode, S_IFREG | 0644);
    CHECK_EQ(st.st_uid, 0);
    CHECK_EQ(st.st_nlink, 1);
    CHECK(st.st_mtime >= time(NULL) - 60);
}
