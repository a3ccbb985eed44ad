-- The ceiling: the same bytes again and again, nothing signed, nothing noted.
wrk.method = "POST"
wrk.body = os.getenv("BODY")
wrk.headers["Content-Type"] = "application/json"

function done(summary)
  local bad = summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout
  io.write(string.format('{"deliveries":%d,"seconds":%f}\n', summary.requests - bad, summary.duration / 1e6))
end
