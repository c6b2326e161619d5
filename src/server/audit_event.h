/* The audit served as AuditEvents. */
#ifndef SERVER_AUDIT_EVENT_H
#define SERVER_AUDIT_EVENT_H

#include "fhir/capability.h"

/* What can be done with them: read them, and search by a few parameters. */
extern const CapabilityType audit_event_capability;

#endif
