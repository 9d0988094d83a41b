/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * catalog.c - a catalogue over HTTP: /item/N is one item, /list all of them.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT       80
#define ITEM_COUNT 6000u
#define PAGE_LEN   (512u << 10)

struct page {
    char text[PAGE_LEN];
};

static struct page page;

__attribute__((noinline)) static void page_add(struct page *p, const char *text)
{
    char *end = p->text;

    while (*end != '\0')
        end++;
    strcpy(end, text);
}

__attribute__((noinline)) static void item_show(struct page *p, unsigned number)
{
    char line[64];

    snprintf(line, sizeof(line), "item %u, %u in stock\n", number,
             number * 7 % 50);
    page_add(p, line);
}

static void list_show(struct page *p)
{
    unsigned i;

    for (i = 0; i < ITEM_COUNT; i++)
        item_show(p, i);
}

static void answer(int fd)
{
    char request[1024] = "", head[128];
    unsigned number;

    if (read(fd, request, sizeof(request) - 1) <= 0)
        return;
    page.text[0] = '\0';
    if (sscanf(request, "GET /item/%u ", &number) == 1)
        item_show(&page, number);
    else
        list_show(&page);
    snprintf(head, sizeof(head),
             "HTTP/1.0 200 OK\r\nContent-Length: %zu\r\n\r\n",
             strlen(page.text));
    (void)!write(fd, head, strlen(head));
    (void)!write(fd, page.text, strlen(page.text));
}

int main(void)
{
    const struct sockaddr_in here = { .sin_family = AF_INET,
                                      .sin_port = htons(PORT) };
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    if (bind(listener, (const struct sockaddr *)&here, sizeof(here)) != 0 ||
        listen(listener, 16) != 0) {
        perror("catalog");
        return 1;
    }
    for (;;) {
        int fd = accept(listener, NULL, NULL);

        if (fd < 0)
            continue;
        answer(fd);
        close(fd);
    }
}
