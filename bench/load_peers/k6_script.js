// What k6 runs: one request each time, answers thrown away, the account as one line of JSON.
import http from 'k6/http';

export const options = {
  discardResponseBodies: true,
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
  scenarios: { bench: JSON.parse(__ENV.BENCH_SCENARIO) },
};

export default function () {
  http.get(__ENV.BENCH_TARGET, { timeout: '30s' });
}

export function handleSummary(data) {
  const took = data.metrics.http_req_duration.values;
  const dropped = data.metrics.dropped_iterations;
  const account = {
    done: data.metrics.http_reqs.values.count,
    dropped: dropped ? dropped.values.count : 0,
    times: [took.med, took['p(95)'], took['p(99)'], took.max],
  };
  return { stdout: `RESULT ${JSON.stringify(account)}\n` };
}
