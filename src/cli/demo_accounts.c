#include "cli/demo.h"

const DemoAccount demo_accounts[] = {
    { "raman", "Dr Priya Raman", ROLE_PHYSICIAN },
    { "lindqvist", "Dr Erik Lindqvist", ROLE_PHYSICIAN },
    { "castellano", "Mei Castellano", ROLE_NURSE },
    { "admin", "Clinic administrator", ROLE_ADMIN },
    { 0 },
};
