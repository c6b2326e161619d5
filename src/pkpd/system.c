/* A model at one patient's weight: from its parameters to poles and shares. The matrix of a star of
 * compartments is similar to a symmetric one, whose eigenvalues are the poles and whose eigenvectors' first
 * members, squared, are the shares: nothing is divided by a difference of poles, so it does not matter how
 * near they come to each other. */
#include "pkpd/pkpd.h"

#include "pkpd/parameter.h"

#include <assert.h>
#include <math.h>

enum { N = PKPD_COMPARTMENTS_MAX };

static double at_weight(const PkpdModel *model, const char *name, double weight_kg)
{
    const PkpdParameter *p = parameter_find(model, name);
    const Unit *unit = unit_find(p->unit);
    double base = p->value * unit->factor;
    return unit->per_kg ? base * weight_kg : base * pow(weight_kg / model->reference_kg, p->weight_exponent);
}

static PkpdStar star_of_clearances(const PkpdModel *model, double weight_kg)
{
    static const char *const volumes[N] = { "V1", "V2", "V3" }, *const flows[N] = { "CL", "Q2", "Q3" };
    PkpdStar star = { .compartments = model->compartments,
                      .v1_l = at_weight(model, "V1", weight_kg),
                      .ke0_per_min = at_weight(model, "ke0", weight_kg) };
    star.k10_per_min = at_weight(model, "CL", weight_kg) / star.v1_l;
    for (int i = 1; i < model->compartments; i++) {
        double flow_l_per_min = at_weight(model, flows[i], weight_kg);
        star.out_per_min[i] = flow_l_per_min / star.v1_l;
        star.back_per_min[i] = flow_l_per_min / at_weight(model, volumes[i], weight_kg);
    }
    return star;
}

static PkpdStar star_of_constants(const PkpdModel *model, double weight_kg)
{
    static const char *const out[N] = { NULL, "k12", "k13" }, *const back[N] = { NULL, "k21", "k31" };
    PkpdStar star = { .compartments = model->compartments,
                      .v1_l = at_weight(model, "V1", weight_kg),
                      .k10_per_min = at_weight(model, "k10", weight_kg),
                      .ke0_per_min = at_weight(model, "ke0", weight_kg) };
    for (int i = 1; i < model->compartments; i++) {
        star.out_per_min[i] = at_weight(model, out[i], weight_kg);
        star.back_per_min[i] = at_weight(model, back[i], weight_kg);
    }
    return star;
}

/* One rotation that makes m[p][q] zero; v collects the rotations. */
static void rotate(double m[N][N], double v[N][N], int p, int q)
{
    if (m[p][q] == 0)
        return;
    double theta = (m[q][q] - m[p][p]) / (2 * m[p][q]);
    double t = copysign(1, theta) / (fabs(theta) + hypot(theta, 1));
    double cosine = 1 / hypot(t, 1), sine = t * cosine;
    for (int i = 0; i < N; i++) {
        double ip = m[i][p], iq = m[i][q];
        m[i][p] = cosine * ip - sine * iq;
        m[i][q] = sine * ip + cosine * iq;
    }
    for (int i = 0; i < N; i++) {
        double pi = m[p][i], qi = m[q][i], vp = v[i][p], vq = v[i][q];
        m[p][i] = cosine * pi - sine * qi;
        m[q][i] = sine * pi + cosine * qi;
        v[i][p] = cosine * vp - sine * vq;
        v[i][q] = sine * vp + cosine * vq;
    }
    m[p][q] = m[q][p] = 0;
}

/* Jacobi's method: converges quadratically, a handful of sweeps for three rows. */
static void diagonalise(double m[N][N], double v[N][N])
{
    enum { SWEEPS = 16 };
    for (int i = 0; i < N; i++)
        v[i][i] = 1;
    for (int sweep = 0; sweep < SWEEPS; sweep++)
        for (int p = 0; p < N; p++)
            for (int q = p + 1; q < N; q++)
                rotate(m, v, p, q);
}

static void poles_and_shares(const PkpdStar *star, PkpdSystem *system)
{
    double m[N][N] = { { star->k10_per_min } }, v[N][N] = { { 0 } };
    for (int i = 1; i < star->compartments; i++) {
        m[0][0] += star->out_per_min[i];
        m[i][i] = star->back_per_min[i];
        m[0][i] = m[i][0] = -sqrt(star->out_per_min[i] * star->back_per_min[i]);
    }
    diagonalise(m, v);
    for (int i = 0; i < star->compartments; i++) {
        assert(m[i][i] > 0);
        system->pole_per_min[i] = m[i][i];
        system->share[i] = v[0][i] * v[0][i];
    }
}

PkpdSystem pkpd_star_system(const PkpdStar *star)
{
    assert(star->compartments >= 1 && star->compartments <= N);
    PkpdSystem system = { .compartments = star->compartments,
                          .v1_l = star->v1_l,
                          .clearance_l_per_min = star->k10_per_min * star->v1_l,
                          .steady_state_volume_l = star->v1_l,
                          .ke0_per_min = star->ke0_per_min };
    for (int i = 1; i < star->compartments; i++)
        system.steady_state_volume_l += star->v1_l * star->out_per_min[i] / star->back_per_min[i];
    poles_and_shares(star, &system);
    return system;
}

static Err within_domain(Ctx *c, const PkpdModel *model, const PkpdPatient *patient)
{
    const PkpdDomain *domain = &model->domain;
    Err err = OK;
    if (!(patient->age_years >= domain->age_years_min))
        err = problem(c, ERR_RULE, S("age"), "The model %.*s is for age %g and over: no curve is shown.",
                      STR_ARG(model->title), domain->age_years_min);
    if (!(patient->weight_kg >= domain->weight_kg_min && patient->weight_kg <= domain->weight_kg_max))
        err = problem(c, ERR_RULE, S("weight"), "The model %.*s is for %g to %g kg: no curve is shown.",
                      STR_ARG(model->title), domain->weight_kg_min, domain->weight_kg_max);
    return err;
}

Err pkpd_system(Ctx *c, const PkpdModel *model, const PkpdPatient *patient, PkpdSystem *ret_system)
{
    TRY(within_domain(c, model, patient));
    PkpdStar star = model->by_clearance ? star_of_clearances(model, patient->weight_kg)
                                        : star_of_constants(model, patient->weight_kg);
    *ret_system = pkpd_star_system(&star);
    return OK;
}
