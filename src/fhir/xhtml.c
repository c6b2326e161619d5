#include "fhir/primitive.h"

/* What R4 allows in a narrative: the basic formatting of HTML 4, and names, tables, lists, images, links. */
static const char *const elements[] = {
    "a",      "abbr", "acronym", "address", "b",        "bdo",    "big",    "blockquote", "br",  "caption",
    "center", "cite", "code",    "col",     "colgroup", "dd",     "del",    "dfn",        "div", "dl",
    "dt",     "em",   "font",    "h1",      "h2",       "h3",     "h4",     "h5",         "h6",  "hr",
    "i",      "img",  "ins",     "kbd",     "li",       "map",    "area",   "ol",         "p",   "pre",
    "q",      "s",    "samp",    "small",   "span",     "strike", "strong", "sub",        "sup", "table",
    "tbody",  "td",   "tfoot",   "th",      "thead",    "tr",     "tt",     "u",          "ul",  "var",
};

static bool is_allowed_element(Str name)
{
    for (size_t i = 0; i < sizeof elements / sizeof *elements; i++)
        if (str_is(name, elements[i]))
            return true;
    return false;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == ':' || c == '_';
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool starts_any_case(Str s, const char *prefix)
{
    size_t n = strlen(prefix);
    if (s.n < n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (lower(s.p[i]) != prefix[i])
            return false;
    return true;
}

static bool contains_any_case(Str s, const char *word)
{
    for (size_t i = 0; i < s.n; i++)
        if (starts_any_case(str_slice(s, i, s.n), word))
            return true;
    return false;
}

/* An address may name another page or a part of this resource; it never runs a script. An entity or a control
 * character could hide its scheme, so neither may stand before the first ':', '/' or '#'. */
static bool is_harmless_address(Str value)
{
    Str s = str_trim(value);
    for (size_t i = 0; i < s.n && !strchr(":/#", s.p[i]); i++)
        if (s.p[i] == '&' || (unsigned char)s.p[i] <= 0x20)
            return false;
    return !starts_any_case(s, "javascript:") && !starts_any_case(s, "vbscript:") &&
           !starts_any_case(s, "file:") &&
           (!starts_any_case(s, "data:") || starts_any_case(s, "data:image/"));
}

static const char *attribute_fault(Str element, Str name, Str value)
{
    if (starts_any_case(name, "on"))
        return "the narrative has an event handler";
    bool is_address = str_is(name, "href") || str_is(name, "src");
    if (is_address && !is_harmless_address(value))
        return "the narrative has an address that runs something";
    if (str_is(element, "img") && str_is(name, "src") &&
        (contains_any_case(value, "//") && !starts_any_case(value, "data:")))
        return "the narrative loads an image from elsewhere";
    /* The tables that HL7's own tools write have a background picture of theirs, by a relative or data
     * address. */
    if (str_is(name, "style") && (contains_any_case(value, "//") || contains_any_case(value, "javascript:") ||
                                  contains_any_case(value, "expression(")))
        return "the narrative's style loads or runs something";
    return NULL;
}

typedef struct Markup {
    Str s;
    size_t at;
} Markup;

static void skip_space(Markup *m)
{
    while (m->at < m->s.n && strchr(" \t\r\n", m->s.p[m->at]))
        m->at++;
}

static Str read_name(Markup *m)
{
    size_t from = m->at;
    while (m->at < m->s.n && is_name_char(m->s.p[m->at]))
        m->at++;
    return str_slice(m->s, from, m->at);
}

static const char *read_attribute(Markup *m, Str element)
{
    Str name = read_name(m);
    skip_space(m);
    if (str_empty(name) || m->at >= m->s.n || m->s.p[m->at] != '=')
        return "the narrative has a broken attribute";
    m->at++;
    skip_space(m);
    char quote = m->at < m->s.n ? m->s.p[m->at] : '\0';
    if (quote != '"' && quote != '\'')
        return "the narrative has an attribute without quotes";
    Str rest = str_slice(m->s, m->at + 1, m->s.n);
    size_t n = str_find(rest, quote);
    if (n == rest.n)
        return "the narrative has an attribute that does not end";
    m->at += n + 2;
    return attribute_fault(element, name, str_slice(rest, 0, n));
}

/* After '<'. */
static const char *read_tag(Markup *m)
{
    Str rest = str_slice(m->s, m->at, m->s.n);
    if (str_starts(rest, S("!--"))) {
        while (m->at < m->s.n && !str_starts(str_slice(m->s, m->at, m->s.n), S("-->")))
            m->at++;
        return m->at < m->s.n ? NULL : "the narrative has a comment that does not end";
    }
    bool closing = m->at < m->s.n && m->s.p[m->at] == '/';
    if (closing)
        m->at++;
    Str element = read_name(m);
    if (!is_allowed_element(element))
        return "the narrative has an element that is not allowed there";
    for (;;) {
        skip_space(m);
        if (m->at >= m->s.n)
            return "the narrative has a tag that does not end";
        char c = m->s.p[m->at];
        if (c == '>' || (c == '/' && m->at + 1 < m->s.n && m->s.p[m->at + 1] == '>'))
            return NULL;
        const char *fault = closing ? "a closing tag has attributes" : read_attribute(m, element);
        if (fault)
            return fault;
    }
}

const char *xhtml_fault(Str div)
{
    Markup m = { str_trim(div), 0 };
    if (!str_starts(m.s, S("<div")) || !str_ends(m.s, S(">")))
        return "the narrative must be one <div>";
    for (; m.at < m.s.n; m.at++) {
        if (m.s.p[m.at] != '<')
            continue;
        m.at++;
        const char *fault = read_tag(&m);
        if (fault)
            return fault;
    }
    return NULL;
}
