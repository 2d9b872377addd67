"""Forecasting: probabilistic forecasts of time series, and how unlikely their values are."""
