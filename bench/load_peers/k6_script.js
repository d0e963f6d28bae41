// What k6 runs: one request each time, the account as one line of JSON. A bare request's answer is thrown away; a
// realistic one has a path and headers of its own, a tag and two checks, and its user keeps the cookie.
import http from 'k6/http';
import { check } from 'k6';

const realistic = __ENV.BENCH_WORK === 'realistic';

export const options = {
  discardResponseBodies: !realistic,
  summaryTrendStats: ['med', 'p(95)', 'p(99)', 'max'],
  scenarios: { bench: JSON.parse(__ENV.BENCH_SCENARIO) },
};

export default function () {
  if (!realistic) {
    http.get(__ENV.BENCH_TARGET, { timeout: '30s' });
    return;
  }
  const answer = http.get(`${__ENV.BENCH_TARGET}/farms/${__VU}?n=${__ITER}`, {
    timeout: '30s',
    headers: {
      Accept: 'application/json',
      Authorization: `Bearer ${__VU}`,
      'X-Request': `${__ITER}`,
      'X-Client': 'bench',
    },
    tags: { kind: 'read', name: 'realistic' },
  });
  check(answer, { 'status is 200': (r) => r.status === 200, 'is welcome': (r) => r.body.includes('welcome') });
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
