/* A person's course as a file: CSV with the first row date,what,value, where what is a scale (PHQ-9, MADRS,
 * QIDS) with its score, or dose_mg_per_kg or dose_mg with an intravenous dose. */
#ifndef CLI_COURSE_FILE_H
#define CLI_COURSE_FILE_H

#include "pkpd/pkpd.h"

extern const double COURSE_DOSE_MG_PER_KG_MOST;

typedef struct CourseFile {
    Str path;          /* "-": standard input */
    double weight_kg;  /* for doses in mg; NAN: not given */
    int64_t origin_us; /* day 0: that of the first row */
    LIST(MoodDose) course;
    LIST(MoodScore) scores;
} CourseFile;

/* Into a file whose path and weight are set; doses and scores in order of time. Faults are told with row and
 * column. */
MUST_USE Err course_read(Ctx *c, const MoodModel *model, CourseFile *file);
/* The day of a date or time, from the origin; NAN for another word. */
double course_day(const CourseFile *file, Str text);

#endif
