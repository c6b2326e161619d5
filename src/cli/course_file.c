#include "cli/course_file.h"

#include "base/time.h"
#include "cli/cli.h"

#include <math.h>
#include <stdlib.h>

enum { ROWS_MOST = 2000 };
const double COURSE_DOSE_MG_PER_KG_MOST = 2;
static const double DOSE_MG_MOST = 200;

static const char *const columns[] = { "date", "what", "value" };
enum { DATE, WHAT, VALUE, COLUMNS };

static Err row_problem(Ctx *c, const CourseFile *f, size_t row, int column, const char *what, Str word)
{
    return problem(c, ERR_INVALID,
                   arena_fmt(c->arena, "%.*s: row %zu, column %s", STR_ARG(f->path), row, columns[column]),
                   "%s, not \"%.*s\".", what, STR_ARG(word));
}

static Err read_dose(Ctx *c, CourseFile *f, size_t row, double time_d, Str text, bool in_mg)
{
    double dose, most = in_mg ? DOSE_MG_MOST : COURSE_DOSE_MG_PER_KG_MOST;
    if (!str_to_double(text, &dose) || !(dose >= 0 && dose <= most))
        return row_problem(c, f, row, VALUE, in_mg ? "A dose of 0 to 200 mg" : "A dose of 0 to 2 mg/kg",
                           text);
    if (in_mg && !(f->weight_kg > 0))
        return row_problem(c, f, row, WHAT, "A dose in mg needs --weight-kg; else it is dose_mg_per_kg",
                           S("dose_mg"));
    *list_add(c->arena, &f->course) = (MoodDose){ time_d, in_mg ? dose / f->weight_kg : dose };
    return OK;
}

static Err read_score(Ctx *c, const MoodModel *model, CourseFile *f, size_t row, double time_d,
                      MoodScaleId scale, Str text)
{
    int64_t score;
    int most = model->scales[scale].most;
    if (!str_to_int(text, &score) || score < 0 || score > most)
        return row_problem(c, f, row, VALUE,
                           arena_cstr(c->arena, arena_fmt(c->arena, "A whole number of 0 to %d", most)),
                           text);
    *list_add(c->arena, &f->scores) = (MoodScore){ time_d, scale, (int)score };
    return OK;
}

static Err read_row(Ctx *c, const MoodModel *model, CourseFile *f, size_t row, Str line)
{
    Str cell[COLUMNS], rest = line;
    for (int i = 0; i < COLUMNS; i++)
        cell[i] = str_trim(str_cut(rest, ',', &rest));
    if (rest.p)
        return row_problem(c, f, row, VALUE, "The last column", line);
    TimeRange when;
    if (!time_parse(cell[DATE], &when))
        return row_problem(c, f, row, DATE, "A date or a time (2026-11-02, 2026-11-02T09:00:00Z)",
                           cell[DATE]);
    if (f->course.n + f->scores.n == 0)
        f->origin_us = when.from_us;
    double time_d = (double)(when.from_us - f->origin_us) / (double)US_PER_DAY;
    MoodScaleId scale;
    if (str_is(cell[WHAT], "dose_mg_per_kg") || str_is(cell[WHAT], "dose_mg"))
        return read_dose(c, f, row, time_d, cell[VALUE], str_is(cell[WHAT], "dose_mg"));
    if (mood_scale(cell[WHAT], &scale))
        return read_score(c, model, f, row, time_d, scale, cell[VALUE]);
    return row_problem(c, f, row, WHAT, "dose_mg_per_kg, dose_mg, PHQ-9, MADRS or QIDS", cell[WHAT]);
}

static int by_dose_time(const void *a, const void *b)
{
    double x = ((const MoodDose *)a)->time_d, y = ((const MoodDose *)b)->time_d;
    return (x > y) - (x < y);
}

static int by_score_time(const void *a, const void *b)
{
    const MoodScore *x = a, *y = b;
    return x->time_d != y->time_d ? (x->time_d > y->time_d) - (x->time_d < y->time_d)
                                  : (int)x->scale - (int)y->scale;
}

Err course_read(Ctx *c, const MoodModel *model, CourseFile *f)
{
    Str text;
    TRY(cli_read(c, f->path, &text));
    Str rest = text, header = str_trim(str_cut(text, '\n', &rest));
    if (!str_is(header, "date,what,value"))
        return problem(c, ERR_INVALID, arena_fmt(c->arena, "%.*s: row 1", STR_ARG(f->path)),
                       "The first row must be date,what,value.");
    for (size_t row = 2; rest.p; row++) {
        Str line = str_trim(str_cut(rest, '\n', &rest));
        if (str_empty(line))
            continue;
        if (row > ROWS_MOST)
            return problem(c, ERR_TOO_LARGE, f->path, "At most %d rows are read.", ROWS_MOST);
        TRY(read_row(c, model, f, row, line));
    }
    if (f->course.n > 1)
        qsort(f->course.at, f->course.n, sizeof *f->course.at, by_dose_time);
    if (f->scores.n > 1)
        qsort(f->scores.at, f->scores.n, sizeof *f->scores.at, by_score_time);
    return OK;
}

double course_day(const CourseFile *f, Str text)
{
    TimeRange when;
    bool read = time_parse(text, &when);
    return read ? (double)(when.from_us - f->origin_us) / (double)US_PER_DAY : NAN;
}
