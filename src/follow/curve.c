#include "base/time.h"
#include "follow/html.h"
#include "follow/pages.h"
#include "follow/words.h"

/* The drawing's own units; the style sheet scales it. */
enum {
    LEFT = 30,
    RIGHT = 334,
    TOP = 16,
    ZERO = 210,
    RAIL = 216,
    RAIL_HEIGHT = 12,
    MONTHS = 243,
    HEIGHT = 250,
    GRID_STEP = 5
};

typedef struct Scale {
    int64_t from_us, to_us;
    int top_score;
} Scale;

static double x_of(const Scale *scale, int64_t at_us)
{
    double span = (double)(scale->to_us - scale->from_us);
    double share = span > 0 ? (double)(at_us - scale->from_us) / span : 0.5;
    return LEFT + 8 + share * (RIGHT - LEFT - 22);
}

static double y_of(const Scale *scale, double score)
{
    return ZERO - score * (ZERO - TOP) / scale->top_score;
}

static Scale scale_of(const CurveFacts *curve)
{
    int top = 20;
    for (size_t i = 0; i < curve->n_points; i++)
        top = curve->points[i].total > top ? curve->points[i].total : top;
    top = curve->before_treatment > top ? curve->before_treatment : top;
    return (Scale){ curve->points[0].at_us, curve->points[curve->n_points - 1].at_us, top + 1 };
}

static void draw_ground(Buf *b, const CurveFacts *curve, const Scale *scale)
{
    if (curve->remission_max >= 0) {
        double y = y_of(scale, curve->remission_max + 0.5);
        buf_fmt(b, "<rect class=\"well\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>", LEFT, y,
                RIGHT - LEFT, ZERO - y);
        buf_fmt(b, "<text class=\"t-2\" x=\"%d\" y=\"%.1f\">feeling well</text>", LEFT + 8, ZERO - 12.0);
    }
    for (int score = 0; score <= scale->top_score; score += GRID_STEP)
        buf_fmt(
            b,
            "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"22\" y=\"%.1f\" text-anchor=\"end\">%d</text>",
            LEFT, y_of(scale, score), RIGHT, y_of(scale, score) + 4, score);
    if (curve->before_treatment >= 0) {
        double y = y_of(scale, curve->before_treatment);
        buf_fmt(b,
                "<path class=\"before\" d=\"M%d %.1fH%d\"/><text class=\"t-2 halo\" x=\"%d\" y=\"%.1f\" "
                "text-anchor=\"end\">before treatment, %d</text>",
                LEFT, y, RIGHT, RIGHT, y + 15, curve->before_treatment);
    }
}

static void draw_infusions(Buf *b, const CurveFacts *curve, const Scale *scale)
{
    double last_x = -1;
    for (size_t i = 0; i < curve->n_infusions; i++) {
        if (curve->infusions_us[i] < scale->from_us || curve->infusions_us[i] > scale->to_us)
            continue;
        last_x = x_of(scale, curve->infusions_us[i]);
        buf_fmt(b, "<rect class=\"dose\" x=\"%.1f\" y=\"%d\" width=\"5\" height=\"%d\" rx=\"2\"/>",
                last_x - 2.5, RAIL, RAIL_HEIGHT);
    }
    bool to_the_left = last_x > RIGHT - 70;
    if (last_x >= 0)
        buf_fmt(b, "<text class=\"t-dose halo\" x=\"%.1f\" y=\"%d\"%s>infusion</text>",
                to_the_left ? last_x - 8 : last_x + 8, RAIL + 11, to_the_left ? " text-anchor=\"end\"" : "");
}

/* A line only between reports that follow one another: a gap stays a gap. */
static void draw_reports(Buf *b, const CurveFacts *curve, const Scale *scale)
{
    buf_add(b, S("<path class=\"line\" d=\""));
    for (size_t i = 0; i < curve->n_points; i++) {
        const CurvePoint *point = &curve->points[i];
        bool joined = i && point->at_us - point[-1].at_us <= curve->gap_us;
        buf_fmt(b, "%c%.1f %.1f", joined ? 'L' : 'M', x_of(scale, point->at_us), y_of(scale, point->total));
    }
    buf_add(b, S("\"/>"));
    for (size_t i = 0; i < curve->n_points; i++) {
        const CurvePoint *point = &curve->points[i];
        double x = x_of(scale, point->at_us), y = y_of(scale, point->total);
        bool last = i + 1 == curve->n_points;
        buf_fmt(b, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"%s\"/>", x, y, last ? "7" : "3.6");
        if (last)
            buf_fmt(b, "<text class=\"t-now halo\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\">%d</text>", x,
                    y < TOP + 24 ? y + 26 : y - 13, point->total);
    }
}

static void draw_months(Buf *b, const Scale *scale)
{
    double last_x = -100;
    for (int64_t day_us = scale->from_us; day_us <= scale->to_us; day_us += US_PER_DAY) {
        double x = x_of(scale, day_us);
        bool first = day_us == scale->from_us || time_local(day_us).day == 1;
        if (!first || x - last_x < 36)
            continue;
        buf_fmt(b, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.*s</text>", x, MONTHS,
                STR_ARG(words_month(day_us)));
        last_x = x;
    }
}

Str curve_svg(Arena *a, const CurveFacts *curve)
{
    if (curve->n_points == 0)
        return S("");
    Scale scale = scale_of(curve);
    Buf b = buf_make(a, 256 * 1024);
    buf_fmt(&b,
            "<svg viewBox=\"0 0 342 %d\" role=\"img\" aria-label=\"Your scores, %zu reports. The newest is "
            "%d. Lower is better.\">",
            HEIGHT, curve->n_points, curve->points[curve->n_points - 1].total);
    draw_ground(&b, curve, &scale);
    draw_infusions(&b, curve, &scale);
    draw_reports(&b, curve, &scale);
    draw_months(&b, &scale);
    buf_add(&b, S("</svg>"));
    return buf_str(&b);
}
