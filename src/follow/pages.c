#include "follow/pages.h"

#include "follow/html.h"
#include "follow/words.h"

/* ---- the parts of every page ---- */

static Str document(Arena *a, const PageFacts *facts, Str title, Str screen)
{
    Str demo = facts->demo ? S("<p class=\"demo\">demo</p>") : S("");
    return html(a,
                "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover\">"
                "<meta name=\"referrer\" content=\"no-referrer\"><meta name=\"robots\" content=\"noindex\">"
                "<title>%s - %s</title><link rel=\"stylesheet\" href=\"/phone.css\">"
                "<script src=\"/phone.js\" defer></script></head>\n<body>%h\n%h\n</body></html>\n",
                title, facts->clinic->name, demo, screen);
}

static Str brand(Arena *a, const PageFacts *facts)
{
    return html(a, "<header><span class=\"br\">%i%s</span></header>", "mark", facts->clinic->name);
}

static Str back_to(Arena *a, const PageFacts *facts, Str rest)
{
    return html(a, "<a class=\"bk\" href=\"%s%s\" aria-label=\"Back\">%i</a>", facts->path, rest, "left");
}

/* here: the page that Help returns to, "/q/3". */
static Str help_bar(Arena *a, const PageFacts *facts, Str here)
{
    const Clinic *clinic = facts->clinic;
    if (!facts->path.p)
        return html(a, "<a class=\"hp\" href=\"tel:%s\">%i<span><b>Need help now?</b> Call %s</span></a>",
                    clinic->line, "phone", clinic->line);
    return html(a,
                "<a class=\"hp\" href=\"%s/help%s\">%i<span><b>Need help now?</b> Call or text %s</span></a>",
                facts->path, here, "phone", clinic->line);
}

static Str screen(Arena *a, Str header, Str body, Str footer)
{
    return html(a, "<main class=\"screen\">%h<div class=\"bd\">%h</div><footer>%h</footer></main>", header,
                body, footer);
}

static Str fact_line(Arena *a, const char *icon, Str sentence)
{
    return html(a, "<li>%i<span>%s</span></li>", icon, sentence);
}

/* ---- hello ---- */

static Str greeting(Arena *a, const PageFacts *facts)
{
    Str recall = facts->instrument->recall;
    if (str_empty(facts->given_name))
        return html(a, "How have %s been?", recall);
    return html(a, "Hello %s, how have %s been?", facts->given_name, recall);
}

Str page_hello(Arena *a, const PageFacts *facts, size_t first_open, bool started)
{
    Str length = arena_fmt(a, "%zu short questions, about two minutes", facts->instrument->n_items);
    Str reader =
        arena_fmt(a, "Your care team reads your answers on %.*s", STR_ARG(facts->clinic->hours_text));
    Str body =
        html(a,
             "<p class=\"stem\">%s</p><h1>%h</h1><ul class=\"facts\">%h%h%h</ul>"
             "<p class=\"soft\">This page is not watched at night or on weekends. If you need someone before "
             "then, use the button below.</p>",
             words_day(a, facts->now_us), greeting(a, facts), fact_line(a, "clock", length),
             fact_line(a, "undo", S("You can go back, skip, or stop and come back")),
             fact_line(a, "people", reader));
    Str footer = html(a, "<div class=\"go one\"><a class=\"btn pri nx\" href=\"%s/q/%d\">%s%i</a></div>%h",
                      facts->path, (int64_t)first_open + 1, started ? S("Continue") : S("Start"), "right",
                      help_bar(a, facts, S("")));
    return document(a, facts, S("How have you been"), screen(a, brand(a, facts), body, footer));
}

/* ---- a question ---- */

static Str progress(Arena *a, const PageFacts *facts, size_t index)
{
    size_t n = facts->instrument->n_items;
    Buf bars = buf_make(a, 4096);
    for (size_t i = 0; i < n; i++)
        buf_add(&bars, i <= index ? S("<li class=\"on\"></li>") : S("<li></li>"));
    return html(a,
                "<div class=\"pg\"><span class=\"pt\">%d of %d</span><ol aria-hidden=\"true\">%h</ol></div>",
                (int64_t)index + 1, (int64_t)n, buf_str(&bars));
}

static Str answers(Arena *a, const PageFacts *facts, int value)
{
    Buf rows = buf_make(a, 16 * 1024);
    const Instrument *scale = facts->instrument;
    for (size_t i = 0; i < scale->n_answers; i++)
        buf_html(
            &rows,
            "<label><input type=\"radio\" name=\"answer\" value=\"%d\" required%h><span>%s</span></label>",
            (int64_t)scale->answers[i].value, scale->answers[i].value == value ? S(" checked") : S(""),
            scale->answers[i].text);
    return html(a, "<fieldset class=\"ans\"><legend class=\"vh\">Answer</legend>%h</fieldset>",
                buf_str(&rows));
}

static const char suicide_item_note[] = "<p class=\"soft\">Many people with depression have these thoughts. "
                                        "Your answer is kept the moment you give it; if "
                                        "you change it, both are kept. A skip is kept as &ldquo;not "
                                        "answered&rdquo; and makes a task to ask you by the next "
                                        "working day.</p>";

Str page_question(Arena *a, const PageFacts *facts, size_t index, int value, Str problem)
{
    enum { LONG_QUESTION = 90 };
    const Instrument *scale = facts->instrument;
    bool suicide = (int)index == scale->suicide_item, last = index + 1 == scale->n_items;
    Str here = arena_fmt(a, "/q/%zu", index + 1);
    Str before = index ? arena_fmt(a, "/q/%zu", index) : S("");
    Str text = scale->items[index].text;
    Str note = suicide ? str_from(suicide_item_note) : S("");
    Str fault = str_empty(problem) ? S("") : html(a, "<p class=\"fault\" role=\"alert\">%s</p>", problem);
    /* Next stands before Skip in the markup: the Enter key takes the first button. */
    Str markup =
        html(a,
             "<form class=\"screen\" method=\"post\" action=\"%s%s\"%h><header>%h%h</header>"
             "<div class=\"bd\"><p class=\"stem\" id=\"stem\">%s</p><h1%h>%s</h1>%h%h%h</div>"
             "<footer><p class=\"kept\" role=\"status\"></p><div class=\"go\">"
             "<button class=\"btn pri nx\" name=\"act\" value=\"next\">%s%i</button>"
             "<button class=\"skp\" name=\"act\" value=\"skip\" "
             "formnovalidate>Skip</button></div>%h</footer></form>",
             facts->path, here, suicide ? S(" data-store-at-tap") : S(""), back_to(a, facts, before),
             progress(a, facts, index), scale->stem, text.n > LONG_QUESTION ? S(" class=\"long\"") : S(""),
             text, note, fault, answers(a, facts, value), last ? S("Finish") : S("Next"), "right",
             help_bar(a, facts, here));
    return document(a, facts, arena_fmt(a, "Question %zu of %zu", index + 1, scale->n_items), markup);
}

/* ---- safety ---- */

/* Two sentences, the first in bold: what is true of the clinic at this moment. */
static Str promise_text(Arena *a, const PageFacts *facts, const SafetyFacts *safety)
{
    const Promise *promise = &safety->promise;
    Str line = facts->clinic->line;
    Str call = html(a, "Please call or text %s now: people answer day and night.", line);
    switch (promise->kind) {
    case PROMISE_PERSON:
        return html(a, "<b>%s, has your answer and will call%h before %s.</b>", promise->owner,
                    str_empty(safety->callback) ? S("") : html(a, " %s", safety->callback),
                    words_moment(a, promise->until_us, facts->now_us));
    case PROMISE_UNSEEN:
        return html(a, "<b>No one at the clinic has seen this yet.</b> %h", call);
    case PROMISE_CLOSED:
        if (promise->until_us == TIME_NONE)
            return html(a, "<b>No one at the clinic can see this now.</b> %h", call);
        return html(a, "<b>No one at the clinic can see this until %s.</b> %h",
                    words_moment(a, promise->until_us, facts->now_us), call);
    case PROMISE_NONE:
        break;
    }
    return html(a, "<b>If you need someone now, call or text %s:</b> people answer day and night.", line);
}

static Str number_question(Arena *a, const PageFacts *facts, const SafetyFacts *safety)
{
    if (safety->promise.kind != PROMISE_PERSON)
        return S("");
    if (safety->number_noted)
        return S("<p class=\"noted\" role=\"status\">Your answer about the number is kept.</p>");
    return html(a,
                "<form method=\"post\" action=\"%s/number\"><p>Is this number right and private?</p>"
                "<div class=\"thr\"><button class=\"btn\" name=\"number\" value=\"right\">Yes</button>"
                "<button class=\"btn\" name=\"number\" value=\"change\">Change</button>"
                "<button class=\"btn\" name=\"number\" value=\"text\">Text me instead</button></div></form>",
                facts->path);
}

static Str call_buttons(Arena *a, const PageFacts *facts, bool named)
{
    const Clinic *clinic = facts->clinic;
    Str second =
        named ? html(a, "<a class=\"btn\" href=\"tel:%s\">Clinic %s</a>", clinic->phone, clinic->phone)
              : html(a, "<a class=\"btn\" href=\"tel:%s\">Call %s</a>", clinic->emergency, clinic->emergency);
    return html(a,
                "<a class=\"btn pri call\" href=\"tel:%s\">%iCall %s</a>"
                "<div class=\"two\"><a class=\"btn\" href=\"sms:%s\">Text %s</a>%h</div>",
                clinic->line, "phone", clinic->line, clinic->line, clinic->line, second);
}

static Str lead_sentence(bool skipped)
{
    return skipped ? S("You left the last question open. That is all right. Thoughts of being better off "
                       "dead are common "
                       "in depression. You do not have to manage them alone.")
                   : S("Many people with depression have thoughts like this. You do not have to manage them "
                       "alone.");
}

Str page_safety(Arena *a, const PageFacts *facts, const SafetyFacts *safety)
{
    bool named = safety->promise.kind == PROMISE_PERSON;
    Str title = safety->skipped ? S("Thank you for your answers") : S("Thank you for telling us");
    Str last_item = arena_fmt(a, "/q/%d", facts->instrument->suicide_item + 1);
    Str foot = named ? S("The last two open the call page and mark your answer as urgent. &ldquo;Yes&rdquo; "
                         "closes nothing.")
                     : S("The last two open the call page at once. Your answer is kept either way.");
    Str body =
        html(a,
             "<h1>%s</h1><p class=\"lead\">%s</p><div class=\"told\"><p>%h</p>%h</div>"
             "<form method=\"post\" action=\"%s/safe\"><h2 class=\"lead\">Are you safe right now?</h2>"
             "<div class=\"lk\"><button class=\"btn\" name=\"safe\" value=\"yes\">Yes, I am safe right "
             "now</button>"
             "<button class=\"btn\" name=\"safe\" value=\"unsure\">I am not sure</button>"
             "<button class=\"btn\" name=\"safe\" value=\"help\">No, I need help now</button></div></form>"
             "<p class=\"soft\">%h</p>",
             title, lead_sentence(safety->skipped), promise_text(a, facts, safety),
             number_question(a, facts, safety), facts->path, foot);
    Str markup = html(a,
                      "<main class=\"screen tight\"><header>%h</header><div "
                      "class=\"bd\">%h</div><footer>%h</footer></main>",
                      back_to(a, facts, last_item), body, call_buttons(a, facts, named));
    return document(a, facts, title, markup);
}

/* ---- afterwards ---- */

static Str thank_you(Arena *a, const PageFacts *facts)
{
    return str_empty(facts->given_name) ? S("Thank you")
                                        : arena_fmt(a, "Thank you, %.*s", STR_ARG(facts->given_name));
}

Str page_kept(Arena *a, const PageFacts *facts, const SafetyFacts *safety)
{
    Str line = facts->clinic->line;
    Str body = html(
        a,
        "<h1>%s. You do not have to manage this alone.</h1><ul "
        "class=\"facts\"><li>%i<span>%h</span></li>%h%h</ul>"
        "<p class=\"soft\">If anything changes, use the button below. You do not need to wait.</p>",
        thank_you(a, facts), "phone", promise_text(a, facts, safety),
        fact_line(a, "clock", arena_fmt(a, "%.*s answers day and night, by call or text", STR_ARG(line))),
        fact_line(a, "shield",
                  S("If you have a safety plan, keep it where you can reach it without a signal")));
    Str footer = html(
        a,
        "<div class=\"go one\"><a class=\"btn pri nx\" href=\"%s/numbers.vcf\">Save %s to my phone</a></div>"
        "<a class=\"skp\" href=\"%s/end\">Close</a>%h",
        facts->path, line, facts->path, help_bar(a, facts, S("/done")));
    return document(a, facts, S("Thank you"), screen(a, brand(a, facts), body, footer));
}

static Str last_report(Arena *a, const CurveFacts *curve)
{
    if (curve->n_points < 2)
        return S("Lower is better.");
    return arena_fmt(a, "Last report %d. Lower is better.", curve->points[curve->n_points - 2].total);
}

static Str own_curve(Arena *a, const PageFacts *facts, int total, bool prorated, const CurveFacts *curve)
{
    if (total < 0)
        return S("<p class=\"lead2\">Too many questions were left open to make a score this time. What you "
                 "answered is "
                 "kept.</p>");
    return html(a,
                "<details class=\"scores\" open><summary><span class=\"shown\">Hide scores</span>"
                "<span class=\"hidden\">Show scores</span></summary>"
                "<p class=\"score\"><b>%d</b> for %s</p><p "
                "class=\"dim\">%s%h</p><figure>%h</figure></details>",
                (int64_t)total, facts->instrument->recall, last_report(a, curve),
                prorated ? S(" Estimated, because a question was left open.") : S(""), curve_svg(a, curve));
}

Str page_thanks(Arena *a, const PageFacts *facts, int total, bool prorated, const CurveFacts *curve)
{
    Str body = html(
        a,
        "<h1>%s</h1>%h<p class=\"lead2\">Your care team reads this on %s. To talk about it before then, call "
        "%s.</p>",
        thank_you(a, facts), own_curve(a, facts, total, prorated, curve), facts->clinic->hours_text,
        facts->clinic->phone);
    Str footer = html(a, "<div class=\"go one\"><a class=\"btn pri nx\" href=\"%s/end\">Done</a></div>%h",
                      facts->path, help_bar(a, facts, S("/done")));
    return document(a, facts, S("Thank you"), screen(a, brand(a, facts), body, footer));
}

/* ---- help ---- */

static Str call_card(Arena *a, const char *classes, Str number, const char *icon, Str title, Str text)
{
    return html(a, "<a class=\"hc%h\" href=\"tel:%s\">%i<span><b>%s</b>%s</span></a>", str_from(classes),
                number, icon, title, text);
}

static Str contact_card(Arena *a, const PageFacts *facts)
{
    if (str_empty(facts->contact_phone))
        return S("");
    Str title = str_empty(facts->contact_name)
                    ? S("Your contact")
                    : arena_fmt(a, "%.*s, your contact", STR_ARG(facts->contact_name));
    return call_card(a, "", facts->contact_phone, "heart", title, facts->contact_phone);
}

Str page_help(Arena *a, const PageFacts *facts, Str back, bool raised)
{
    const Clinic *clinic = facts->clinic;
    Str kept = raised ? S("That you need help is stored as urgent. Call now: do not wait for the clinic.")
                      : S("Your answers so far are saved. You can come back to them.");
    Str call_line = arena_fmt(a, "Call %.*s", STR_ARG(clinic->line));
    Str call_emergency = arena_fmt(a, "Call %.*s", STR_ARG(clinic->emergency));
    Str cards =
        html(a,
             "%h<div class=\"two\"><a class=\"btn\" href=\"sms:%s\">Text %s</a>"
             "<a class=\"btn\" href=\"%s\" rel=\"noreferrer\">%s</a></div>%h%h%h",
             call_card(a, " pri2", clinic->line, "phone", call_line, clinic->line_text), clinic->line,
             clinic->line, clinic->deaf_url, clinic->deaf_text,
             call_card(a, "", clinic->emergency, "bell", call_emergency, clinic->emergency_text),
             contact_card(a, facts),
             call_card(a, "", clinic->phone, "person", arena_fmt(a, "Clinic, %.*s", STR_ARG(clinic->phone)),
                       arena_fmt(a, "Open %.*s", STR_ARG(clinic->hours_text))));
    Str markup =
        html(a,
             "<main class=\"screen sheet2\"><header><h1>Talk to someone now</h1>"
             "<a class=\"bk\" href=\"%s%s\" aria-label=\"Close\">%i</a></header><div class=\"bd hl\">%h</div>"
             "<footer><p class=\"soft\">%s</p></footer></main>",
             facts->path, back, "close", cards, kept);
    return document(a, facts, S("Talk to someone now"), markup);
}

Str page_closed(Arena *a, const PageFacts *facts, Str title, Str sentence)
{
    const Clinic *clinic = facts->clinic;
    Str body =
        html(a, "<h1>%s</h1><p class=\"lead\">%s</p><ul class=\"facts\">%h%h</ul>", title, sentence,
             fact_line(a, "phone",
                       arena_fmt(a, "If you need someone now, call or text %.*s: people answer day and night",
                                 STR_ARG(clinic->line))),
             fact_line(a, "person",
                       arena_fmt(a, "%.*s, %.*s, %.*s", STR_ARG(clinic->name), STR_ARG(clinic->phone),
                                 STR_ARG(clinic->hours_text))));
    PageFacts bare = *facts;
    bare.path = STR_NONE;
    return document(a, facts, title,
                    screen(a, brand(a, facts), body, html(a, "%h", call_buttons(a, &bare, false))));
}
