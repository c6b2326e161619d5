#include "infuse/infuse.h"

#include "base/buf.h"

/* ---- pressure ---- */

static bool at_least(const Reading *pressure, PressureLimit limit)
{
    return pressure->value >= limit.systolic_mmhg || pressure->diastolic >= limit.diastolic_mmhg;
}

PressureLevel pressure_level(const Reading *pressure, int resting_mmhg, const InfuseLimits *limits)
{
    if (at_least(pressure, limits->stop))
        return PRESSURE_STOP;
    if (at_least(pressure, limits->red))
        return PRESSURE_RED;
    if (at_least(pressure, limits->amber))
        return PRESSURE_AMBER;
    bool has_risen =
        resting_mmhg > 0 && pressure->value * 100 >= resting_mmhg * (100.0 + limits->rise_percent);
    return has_risen && pressure->value >= limits->rise_floor_mmhg ? PRESSURE_AMBER : PRESSURE_GREEN;
}

int resting_systolic_mmhg(const Session *session)
{
    const Readings *readings = &session->readings[MEASURE_PRESSURE_MMHG];
    int64_t started_us = session_started_us(session);
    int lowest_mmhg = 0;
    size_t seen = 0;
    for (size_t i = readings->n; i > 0 && seen < 2; i--) {
        const Reading *reading = &readings->at[i - 1];
        if (reading->state != READING_ACCEPTED || (started_us != TIME_NONE && reading->at_us >= started_us))
            continue;
        int systolic_mmhg = (int)reading->value;
        lowest_mmhg = seen++ == 0 || systolic_mmhg < lowest_mmhg ? systolic_mmhg : lowest_mmhg;
    }
    return lowest_mmhg;
}

/* The readings since the last one below every limit. */
typedef struct Episode {
    const Reading *first, *before, *last; /* before: the one before the last, in the episode; NULL: none */
    PressureLevel level;                  /* of the last */
    bool confirmed;                       /* the one before it was at least as bad */
    int64_t level_since_us;               /* entry time of the reading from which on it was this bad */
} Episode;

static void episode_add(Episode *episode, const Reading *reading, PressureLevel level)
{
    bool confirmed = episode->last && episode->level >= level;
    bool worse = !episode->last || level > episode->level || (confirmed && !episode->confirmed);
    episode->before = episode->last;
    episode->last = reading;
    if (!episode->first)
        episode->first = reading;
    if (worse)
        episode->level_since_us = reading->entered_us;
    episode->level = level;
    episode->confirmed = confirmed;
}

/* last is NULL when the newest accepted pressure since the start is below every limit, or there is none. */
static Episode pressure_episode(const Session *session, const InfuseLimits *limits)
{
    Episode episode = { 0 };
    const Readings *readings = &session->readings[MEASURE_PRESSURE_MMHG];
    int64_t started_us = session_started_us(session);
    int resting_mmhg = resting_systolic_mmhg(session);
    for (size_t i = 0; i < readings->n; i++) {
        const Reading *reading = &readings->at[i];
        if (reading->state != READING_ACCEPTED || started_us == TIME_NONE || reading->at_us < started_us)
            continue;
        PressureLevel level = pressure_level(reading, resting_mmhg, limits);
        if (level == PRESSURE_GREEN)
            episode = (Episode){ 0 };
        else
            episode_add(&episode, reading, level);
    }
    return episode;
}

/* What to do, by how bad it is, whether a second reading confirmed it, and whether the pump still runs. The
 * pump is named as an act of the person: the program never moves it. */
static const struct {
    Priority priority;
    const char *running, *not_running;
} PRESSURE_ACTS[][2] = {
    [PRESSURE_AMBER] = { { PRIORITY_LOW, "Recheck to confirm", "Recheck to confirm" },
                         { PRIORITY_MEDIUM, "Recheck now, slow or pause the pump",
                           "Recheck now, check the pump" } },
    [PRESSURE_RED] = { { PRIORITY_HIGH, "PAUSE THE PUMP NOW, then recheck",
                         "See that the pump stands still, then recheck" },
                       { PRIORITY_HIGH, "STOP THE PUMP NOW and call the prescriber",
                         "Confirmed: call the prescriber now, leave the pump off" } },
    [PRESSURE_STOP] = { { PRIORITY_HIGH, "STOP THE PUMP NOW and call the prescriber",
                          "Call the prescriber now, leave the pump off" },
                        { PRIORITY_HIGH, "STOP THE PUMP NOW and call the prescriber",
                          "Confirmed: call the prescriber now, leave the pump off" } },
};

static Str reading_at(Arena *a, const Reading *reading)
{
    return arena_fmt(a, "%.*s at %.*s", STR_ARG(reading_text(a, reading)),
                     STR_ARG(clock_text(a, reading->at_us)));
}

static Str pressure_detail(Arena *a, const Episode *episode, int resting_mmhg, const InfuseLimits *limits)
{
    Buf b = buf_make(a, 1024);
    if (episode->before)
        buf_fmt(&b, "%.*s, ", STR_ARG(reading_at(a, episode->before)));
    buf_fmt(&b, "%.*s.", STR_ARG(reading_at(a, episode->last)));
    if (!episode->confirmed)
        buf_fmt(&b, " Recheck within %lld min.", (long long)(limits->recheck_us / US_PER_MIN));
    buf_fmt(&b, " Limit %d systolic OR %d diastolic", limits->amber.systolic_mmhg,
            limits->amber.diastolic_mmhg);
    if (resting_mmhg > 0)
        buf_fmt(&b, " OR resting %d + %d%%", resting_mmhg, limits->rise_percent);
    if (episode->level < PRESSURE_RED)
        buf_fmt(&b, ". At %d OR %d: PAUSE THE PUMP NOW.", limits->red.systolic_mmhg,
                limits->red.diastolic_mmhg);
    else
        buf_fmt(&b, "; pause %d OR %d; stop %d OR %d.", limits->red.systolic_mmhg, limits->red.diastolic_mmhg,
                limits->stop.systolic_mmhg, limits->stop.diastolic_mmhg);
    return buf_str(&b);
}

static void pressure_alarm(Arena *a, const Session *session, const InfuseLimits *limits, Alarms *alarms)
{
    Episode episode = pressure_episode(session, limits);
    if (!episode.last)
        return;
    bool runs = pump_state(&session->pump) == PUMP_RUNNING;
    const char *act = runs ? PRESSURE_ACTS[episode.level][episode.confirmed].running
                           : PRESSURE_ACTS[episode.level][episode.confirmed].not_running;
    *list_add(a, alarms) = (Alarm){
        .rule_id = S("EU-I-001"),
        .priority = PRESSURE_ACTS[episode.level][episode.confirmed].priority,
        .title = arena_fmt(a, "BP %.*s. %s", STR_ARG(reading_text(a, episode.last)), act),
        .detail = pressure_detail(a, &episode, resting_systolic_mmhg(session), limits),
        .onset_us = episode.first->at_us,
        .level_since_us = episode.level_since_us,
        .confirmed = episode.confirmed,
    };
}

/* ---- what is overdue ---- */

static const struct {
    const char *rule_id, *act;
    Priority priority;
} OVERDUE[DUE_MAX] = {
    [DUE_PRESSURE] = { "EU-I-002", "Measure the blood pressure now", PRIORITY_MEDIUM },
    [DUE_VITALS] = { "EU-I-003", "Write down heart rate, SpO2 and breaths now", PRIORITY_LOW },
    [DUE_SCALES] = { "EU-I-004", "Ask the four scales now", PRIORITY_LOW },
    [DUE_PUMP] = { "EU-I-005", "Read the pump now", PRIORITY_MEDIUM },
    [DUE_VOLUME_LEFT] = { "EU-I-006", "Read the volume left at the pump now", PRIORITY_MEDIUM },
    [DUE_END] = { "EU-I-007", "The pump should be empty: look, and record what was done", PRIORITY_MEDIUM },
};

static Str minutes_text(Arena *a, int64_t us)
{
    return arena_fmt(a, "%lld min", (long long)(us / US_PER_MIN));
}

static Str overdue_detail(Arena *a, const Due *due, int64_t now_us)
{
    Str title = due_title(due->kind), at = clock_text(a, due->due_us),
        age = minutes_text(a, now_us - due->due_us);
    if (due->last_us == TIME_NONE)
        return arena_fmt(a, "%.*s: due at %.*s, %.*s ago.", STR_ARG(title), STR_ARG(at), STR_ARG(age));
    return arena_fmt(a, "%.*s: due at %.*s, %.*s ago; last at %.*s.", STR_ARG(title), STR_ARG(at),
                     STR_ARG(age), STR_ARG(clock_text(a, due->last_us)));
}

static void overdue_alarm(Arena *a, const Due *due, int64_t now_us, Alarms *alarms)
{
    if (due->alarm_us == TIME_NONE || now_us < due->alarm_us)
        return;
    *list_add(a, alarms) = (Alarm){
        .rule_id = str_from(OVERDUE[due->kind].rule_id),
        .priority = OVERDUE[due->kind].priority,
        .title = str_from(OVERDUE[due->kind].act),
        .detail = overdue_detail(a, due, now_us),
        .onset_us = due->alarm_us,
        .level_since_us = due->alarm_us,
        .confirmed = true,
    };
}

/* The stop itself is a reading of the pump only once its volume was read: the same fact with a longer fuse,
 * so that "stopped" never stands unconfirmed even where the volume's own alarm was acknowledged. */
static void stop_unconfirmed_alarm(Arena *a, const Session *session, const InfuseLimits *limits,
                                   int64_t now_us, Alarms *alarms)
{
    int64_t stopped_us = session_stopped_us(session);
    if (stopped_us == TIME_NONE || session_phase(session) != PHASE_RECOVER ||
        now_us < stopped_us + limits->pump_confirm_us)
        return;
    if (session->pump.at[session->pump.n - 1].action != PUMP_STOPPED)
        return;
    Due due = { DUE_PUMP, 0, stopped_us, stopped_us, stopped_us + limits->pump_confirm_us };
    overdue_alarm(a, &due, now_us, alarms);
}

/* ---- all ---- */

/* The stored alarm of this episode: same rule, not from before its onset. */
static const AlarmRecord *record_of(const Session *session, const Alarm *alarm)
{
    for (size_t i = session->alarms.n; i > 0; i--) {
        const AlarmRecord *record = &session->alarms.at[i - 1];
        if (str_eq(record->rule_id, alarm->rule_id) && record->onset_us >= alarm->onset_us)
            return record;
    }
    return NULL;
}

static void join_record(const Session *session, Alarm *alarm)
{
    alarm->record = record_of(session, alarm);
    for (size_t i = 0; alarm->record && i < alarm->record->acknowledgements.n; i++)
        alarm->acknowledged |= alarm->record->acknowledgements.at[i].at_us >= alarm->level_since_us;
}

/* Worst first; of the same priority those that nobody acknowledged, then the older. */
static bool comes_before(const Alarm *a, const Alarm *b)
{
    if (a->priority != b->priority)
        return a->priority > b->priority;
    if (a->acknowledged != b->acknowledged)
        return !a->acknowledged;
    return a->onset_us < b->onset_us;
}

static void sort(Alarms *alarms)
{
    for (size_t i = 1; i < alarms->n; i++)
        for (size_t j = i; j > 0 && comes_before(&alarms->at[j], &alarms->at[j - 1]); j--) {
            Alarm earlier = alarms->at[j];
            alarms->at[j] = alarms->at[j - 1];
            alarms->at[j - 1] = earlier;
        }
}

Alarms session_alarms(Arena *a, const Session *session, const InfuseLimits *limits, int64_t now_us)
{
    Alarms alarms = { 0 };
    if (session_phase(session) == PHASE_HOME)
        return alarms;
    pressure_alarm(a, session, limits, &alarms);
    Dues dues = session_dues(session, limits);
    for (size_t i = 0; i < dues.n; i++)
        overdue_alarm(a, &dues.at[i], now_us, &alarms);
    stop_unconfirmed_alarm(a, session, limits, now_us, &alarms);
    for (size_t i = 0; i < alarms.n; i++)
        join_record(session, &alarms.at[i]);
    sort(&alarms);
    return alarms;
}
