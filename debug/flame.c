/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * flame.c - a profile as a flame graph: an SVG that needs nothing else.
 *
 * Each rectangle is a function called from the one below it, as wide as its
 * share of the samples. Without a script it is a picture; with one, a click
 * makes a function as wide as the page, and names can be searched for.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "debug/profile.h"
#include "host/memory.h"
#include "host/path.h"

#define WIDTH     1200.0
#define ROW       16u
#define TOP       48u  /* above the highest row: title and buttons */
#define BOTTOM    24u  /* below the lowest */
#define WIDTH_MIN 0.05 /* narrower ones are not drawn */
#define CHAR      6.6  /* width of one, nearly */

struct node {
    size_t function;
    uint64_t samples;
    uint32_t child, next; /* indices; 0: none */
};

struct flame {
    const struct profile *p;
    struct buf *out;
    struct node *node; /* 0: the root, which is no function */
    size_t count, room;
    unsigned depth; /* of the deepest node */
};

static void put_string(struct flame *f, const char *s)
{
    buf_add(f->out, s, strlen(s));
}

/* Bytes beyond ASCII may be no UTF-8 at all. */
static void put_escaped(struct flame *f, const char *s, size_t len)
{
    for (; *s && len > 0; s++, len--) {
        uint8_t c = (uint8_t)*s;

        if (c == '<')
            put_string(f, "&lt;");
        else if (c == '>')
            put_string(f, "&gt;");
        else if (c == '&')
            put_string(f, "&amp;");
        else if (c == '"')
            put_string(f, "&quot;");
        else if (c < ' ' || c >= 0x7f)
            put_string(f, "?");
        else
            buf_add(f->out, s, 1);
    }
}

/* ---- the tree ---- */

static uint32_t node_new(struct flame *f, size_t function)
{
    if (f->count == f->room) {
        f->room = f->room * 2 + 1024;
        f->node = mem_resize(f->node, f->room * sizeof(f->node[0]));
    }
    f->node[f->count] = (struct node){ .function = function };
    return (uint32_t)f->count++;
}

static uint32_t child_get(struct flame *f, uint32_t parent, size_t function)
{
    uint32_t at;

    for (at = f->node[parent].child; at != 0; at = f->node[at].next)
        if (f->node[at].function == function)
            return at;
    at = node_new(f, function);
    f->node[at].next = f->node[parent].child;
    f->node[parent].child = at;
    return at;
}

static void tree_make(struct flame *f)
{
    static size_t row[PROFILE_DEPTH_MAX];
    size_t i;

    node_new(f, 0);
    for (i = 0; i < f->p->stacks.stack_count; i++) {
        const struct stack_seen *seen = &f->p->stacks.stack[i];
        unsigned k, count = profile_row(f->p, seen, row);
        uint32_t at = 0;

        f->node[0].samples += seen->samples;
        for (k = 0; k < count; k++) {
            at = child_get(f, at, row[k]);
            f->node[at].samples += seen->samples;
        }
        if (count > f->depth)
            f->depth = count;
    }
}

/* ---- drawing ---- */

static bool is_kernel(const struct flame *f, size_t function)
{
    return strcmp(f->p->object[f->p->function[function].object], "[kernel]") ==
           0;
}

/* The same function has the same colour everywhere; the kernel's are cool. */
static unsigned hue_of(const struct flame *f, size_t function)
{
    const char *c;
    unsigned h = 7;

    for (c = f->p->function[function].name; *c; c++)
        h = h * 31 + (uint8_t)*c;
    return is_kernel(f, function) ? 170 + h % 40 : h % 50;
}

static void put_node(struct flame *f, const struct node *n, unsigned level,
                     uint64_t from)
{
    const struct profile_function *fn = &f->p->function[n->function];
    double all = (double)f->node[0].samples, scale = WIDTH / all;
    double x = (double)from * scale, w = (double)n->samples * scale;
    unsigned y = TOP + (f->depth - level) * ROW;
    size_t chars = w > 3 * CHAR ? (size_t)((w - 4) / CHAR) : 0;

    buf_printf(f->out,
               "<g class=\"f\" data-x=\"%llu\" data-w=\"%llu\" data-l=\"%u\">",
               (unsigned long long)from, (unsigned long long)n->samples, level);
    put_string(f, "<title>");
    put_escaped(f, fn->name, SIZE_MAX);
    put_string(f, " (");
    put_escaped(f, path_base(f->p->object[fn->object]), SIZE_MAX);
    buf_printf(f->out, "): %llu samples, %.2f %%</title>",
               (unsigned long long)n->samples, 100 * (double)n->samples / all);
    buf_printf(f->out,
               "<rect x=\"%.2f\" y=\"%u\" width=\"%.2f\" height=\"%u\" "
               "fill=\"hsl(%u,70%%,65%%)\"/>",
               x, y, w, ROW - 1, hue_of(f, n->function));
    buf_printf(f->out, "<text x=\"%.2f\" y=\"%u\">", x + 2, y + ROW - 4);
    put_escaped(f, fn->name, chars);
    put_string(f, "</text></g>\n");
}

/* Depth first; the way back up is kept, since stacks are deep. */
static void put_tree(struct flame *f)
{
    struct step {
        uint32_t at;
        uint64_t from;
    } *way = mem_alloc((f->depth + 1) * sizeof(way[0]));
    double least = WIDTH_MIN / WIDTH * (double)f->node[0].samples;
    unsigned level = 0;

    way[0] = (struct step){ f->node[0].child, 0 };
    for (;;) {
        struct step *s = &way[level];
        const struct node *n = &f->node[s->at];

        if (s->at == 0) { /* no more of them here: the parent's next */
            if (level-- == 0)
                break;
            way[level].from += f->node[way[level].at].samples;
            way[level].at = f->node[way[level].at].next;
            continue;
        }
        if ((double)n->samples < least) {
            s->from += n->samples;
            s->at = n->next;
            continue;
        }
        put_node(f, n, level, s->from);
        way[level + 1 <= f->depth ? level + 1 : level] =
            (struct step){ n->child, s->from };
        level++;
    }
    free(way);
}

static const char style[] =
    "<style>text{font:11px monospace;pointer-events:none}"
    "rect{stroke:#fff;stroke-width:.5}.f{cursor:pointer}"
    ".f:hover rect{stroke:#000}.hit rect{fill:#c4f}.past{opacity:.5}"
    ".b{cursor:pointer;pointer-events:auto;fill:#06c}</style>\n";

/* Positions are counted in samples. What is zoomed to fills the width; what
 * it is called from does, too, and is pale; all else is hidden. */
static const char script[] =
    "<script><![CDATA[\n"
    "var all=[].slice.call(document.querySelectorAll('.f')),W=1200,C=6.6;\n"
    "all.forEach(function(g){var d=g.dataset;g.x0=+d.x;g.w0=+d.w;g.l0=+d.l;\n"
    "g.n=g.querySelector('title').textContent;\n"
    "g.onclick=function(){zoom(g)}});\n"
    "var total=+document.documentElement.dataset.samples;\n"
    "function zoom(z){var a=z?z.x0:0,w=z?z.w0:total,l=z?z.l0:-1;\n"
    "all.forEach(function(g){var below=g.l0<l&&g.x0<=a&&g.x0+g.w0>=a+w;\n"
    "var inside=g.l0>=l&&g.x0>=a&&g.x0+g.w0<=a+w;\n"
    "g.style.display=below||inside?'':'none';if(!below&&!inside)return;\n"
    "var x=below?0:(g.x0-a)/w*W,v=below?W:g.w0/w*W;\n"
    "var r=g.querySelector('rect'),t=g.querySelector('text');\n"
    "r.setAttribute('x',x);r.setAttribute('width',v);t.setAttribute('x',x+2);\n"
    "var n=g.n.replace(/ \\([^(]*$/,''),c=Math.floor((v-4)/C);\n"
    "t.textContent=c<3?'':n.slice(0,c);\n"
    "g.classList.toggle('past',below)})}\n"
    "function find(){var s=prompt('Functions with (a regular expression):');\n"
    "if(s===null)return;var re,hit=[];\n"
    "try{re=new RegExp(s)}catch(e){alert(e.message);return}\n"
    "all.forEach(function(g){var h=s!==''&&re.test(g.n);\n"
    "g.classList.toggle('hit',h);if(h)hit.push(g)});\n"
    "hit.sort(function(a,b){return a.x0-b.x0||a.l0-b.l0});\n"
    "var end=-1,sum=0;hit.forEach(function(g){\n"
    "if(g.x0>=end){sum+=g.w0;end=g.x0+g.w0}});\n"
    "document.getElementById('found').textContent=\n"
    "s===''?'':(100*sum/total).toFixed(1)+' % in '+s}\n"
    "document.getElementById('reset').onclick=function(){zoom(null)};\n"
    "document.getElementById('find').onclick=find;\n"
    "window.addEventListener('keydown',function(e){\n"
    "if(e.key==='f'&&(e.ctrlKey||e.metaKey)){e.preventDefault();find()}});\n"
    "]]></script>\n";

static void put_head(struct flame *f, unsigned height)
{
    buf_printf(
        f->out,
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %u\" "
        "width=\"%.0f\" height=\"%u\" data-samples=\"%llu\">\n",
        WIDTH, height, WIDTH, height, (unsigned long long)f->node[0].samples);
    put_string(f, style);
    buf_printf(f->out, "<rect width=\"%.0f\" height=\"%u\" fill=\"#fff\"/>\n",
               WIDTH, height);
    put_string(f, "<text x=\"8\" y=\"18\">");
    put_escaped(f, f->p->guest, SIZE_MAX);
    buf_printf(f->out, ": %llu samples in %.1f s%s</text>\n",
               (unsigned long long)f->node[0].samples,
               (double)f->p->duration_ns / 1e9,
               f->p->off_cpu ? ", of threads that sleep" : "");
    put_string(f, "<text id=\"reset\" class=\"b\" x=\"8\" y=\"36\">all</text>"
                  "<text id=\"find\" class=\"b\" x=\"48\" y=\"36\">search"
                  "</text><text id=\"found\" x=\"110\" y=\"36\"></text>\n");
}

void profile_svg(const struct profile *p, struct buf *out)
{
    struct flame f = { .p = p, .out = out };

    tree_make(&f);
    put_head(&f, TOP + (f.depth + 1) * ROW + BOTTOM);
    if (f.node[0].samples > 0)
        put_tree(&f);
    put_string(&f, script);
    put_string(&f, "</svg>\n");
    free(f.node);
}
