# The same patients as in bench_population.c, by R's deSolve (lsoda, a compiled model): prints how many a second,
# for W1 and for W2. Called by bench/run with the compiled model and the number of patients.
suppressPackageStartupMessages(library(deSolve))

arguments <- commandArgs(trailingOnly = TRUE)
model <- arguments[1]
patients <- as.integer(arguments[2])
dyn.load(model)
set.seed(1)

looks_min <- 100.8 * 0:200
from_min <- 1440 * c(0, 2, 4, 7, 9, 11)
rate_mg_per_min <- 35 / 40

w1 <- list(
  slopes = "w1_slopes", init = "w1_init", states = 3,
  typical = c(25, 56, 157, 1.4, 161 / 60, 79 / 60),
  sd_log = rep(0.3, 6))
w2 <- list(
  slopes = "w2_slopes", init = "w2_init", states = 12,
  typical = c(11.6, 39.0, 174, 1.48, 2.43, 1.21, 20.1, 221, 1.00, 2.63, 1.12, 4.4, 87.5, 0.933, 1.70, 30, 0.8),
  sd_log = c(0.239, 0, 0, 0.170, 0, 0.161, 0.145, 0, 0.224, 0, 0, 1.105, 0, 0.321, 0.536, 0.3, 0.3))

patients_per_s <- function(workload) {
  rate <- workload$states + 1
  start <- c(rep(0, workload$states), rate_mg_per_min)
  names(start) <- paste0("y", seq_along(start))
  times <- sort(unique(c(looks_min, from_min, from_min + 40)))
  switches <- data.frame(
    var = names(start)[rate], time = c(from_min[-1], from_min + 40),
    value = c(rep(rate_mg_per_min, 5), rep(0, 6)), method = "replace")
  switches <- switches[order(switches$time), ]
  one <- function() {
    p <- workload$typical * exp(workload$sd_log * rnorm(length(workload$typical)))
    lsoda(start, times, workload$slopes, p, dllname = sub("[.][^.]*$", "", basename(model)),
          initfunc = workload$init, events = list(data = switches), rtol = 1e-6, atol = 1e-8)
  }
  one()
  took_s <- system.time(for (i in seq_len(patients)) one())[["elapsed"]]
  patients / took_s
}

cat(sprintf("%.0f %.0f\n", patients_per_s(w1), patients_per_s(w2)))
