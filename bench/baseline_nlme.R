# The same theophylline data by nlme's approximation, which anyone can run: seconds, and its -2 log likelihood.
suppressMessages(library(nlme))
data <- as.data.frame(Theoph)
data$Amount <- data$Dose * data$Wt
model <- conc ~ Amount * exp(lka) / (exp(lv) * (exp(lka) - exp(lcl - lv))) * (exp(-exp(lcl - lv) * Time) - exp(-exp(lka) * Time))
seconds <- system.time(fit <- nlme(model, data = data, fixed = lka + lcl + lv ~ 1,
  random = pdDiag(lka + lcl + lv ~ 1), groups = ~Subject, start = c(log(1), log(3), log(30)), method = "ML"))[["elapsed"]]
cat(sprintf("nlme       %10.3f s for theophylline by its linear approximation, one thread (-2 log likelihood less n log 2 pi %.3f)\n",
  seconds, -2 * as.numeric(logLik(fit)) - nrow(data) * log(2 * pi)))
