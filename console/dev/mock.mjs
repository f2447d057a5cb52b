// A stand-in for the server's API with believable data, for work on the console without a build of
// the server. It serves console/dist under /console/ as the server does.
//
//   node dev/mock.mjs [--port 8090] [--scene weekend|calm|empty]
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { makeScene } from "./scene.mjs";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};
// As strict as a server could be, so that the console is known to live with it.
const policy = "default-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/** Starts the mock on loopback; `port` 0 takes a free one. Resolves to {url, scene, close}. */
export async function startMock({ port = 0, scene: name = "weekend" } = {}) {
  const scene = makeScene();
  const started = Date.now();
  const server = createServer((request, response) => {
    answer(request, response, { name, scene, started }).catch((error) => {
      response.writeHead(500).end(String(error));
    });
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${server.address().port}`, scene, close };
}

async function answer(request, response, context) {
  const url = new URL(request.url, "http://mock");
  const path = url.pathname;
  if (path === "/") return redirect(response, "/console/");
  if (path.startsWith("/console/")) return file(response, path.slice("/console/".length));
  if (request.method !== "GET") return problem(response, 405, "Only GET is mocked");
  if (path === "/v1/overview") return json(response, overview(context));
  if (path === "/v1/transactions") {
    const needsDate = ["shop", "register", "sequence", "member", "gross"].some((key) =>
      url.searchParams.has(key),
    );
    if (needsDate && !url.searchParams.has("business_date")) {
      return problem(response, 400, "A business date is needed as well");
    }
    return json(response, search(context, url.searchParams));
  }
  if (path === "/v1/reconciliations") {
    const items = context.name === "empty" ? [] : reconciliations(context);
    return json(response, { items, next: null });
  }
  if (path === "/v1/breaks") return json(response, breaks(context, url.searchParams));
  const [, id, part] =
    /^\/v1\/transactions\/([^/]+)(?:\/(timeline|explanation))?$/.exec(path) ?? [];
  if (id !== undefined) return receipt(response, context, id, part);
  return problem(response, 404, "No such resource");
}

function overview({ name, started }) {
  const now = Date.now();
  const seconds = Math.floor((now - started) / 1_000);
  const ago = (minutes) => new Date(now - minutes * 60_000).toISOString();
  const quiet = { open: 0, done: 0, parked: 0, dead: 0 };
  const healthy = ["erp", "loyalty"].map((target) => ({
    target,
    breaker: "closed",
    in_flight: 0,
    due: 0,
  }));
  const base = { as_of: new Date(now).toISOString(), held: 0, invalid: 0, parked: [] };
  if (name === "empty") {
    const received = { total: 0, by_channel: {} };
    return { ...base, received, flows: quiet, waiting: [], targets: healthy };
  }
  const by_channel = {
    pos: 11_804 + seconds * 7,
    ecommerce: 2_310 + seconds * 2,
    mobile: 702,
    customer_service: 61,
    file: 173,
  };
  const total = Object.values(by_channel).reduce((sum, count) => sum + count, 0);
  const received = { total, by_channel };
  if (name === "calm") {
    return {
      ...base,
      received,
      flows: { ...quiet, done: total },
      waiting: [],
      targets: healthy,
    };
  }
  const open = 12 + (seconds % 9);
  return {
    ...base,
    received,
    flows: { open: open + 3, done: total - open - 3 - 57 - 2, parked: 57, dead: 2 },
    held: 3,
    invalid: 4,
    waiting: [
      { target: "loyalty", count: open, oldest_at: ago(3.4) },
      { target: "erp", count: 3, oldest_at: ago(0.05) },
    ],
    parked: [
      { code: "CF-3007", count: 38, oldest_at: ago(2_980) },
      { code: "CF-3006", count: 9, oldest_at: ago(1_510) },
      { code: "CF-3008", count: 6, oldest_at: ago(410) },
      { code: "CF-3103", count: 4, oldest_at: ago(52) },
    ],
    targets: [
      { target: "erp", breaker: "closed", in_flight: 3, due: 0 },
      {
        target: "loyalty",
        breaker: seconds % 60 < 40 ? "open" : "half_open",
        in_flight: 0,
        due: open,
      },
    ],
  };
}

function reconciliations({ name, scene }) {
  const [latest, older] = scene.reconciliations;
  return name === "calm" ? [older] : [older, latest];
}

const full = ({ head, flow }) => ({ ...head, flow });
const listed = ({ head, flow }) => ({ ...head, flow: flow && { state: flow.state } });

function search({ name, scene }, params) {
  const wanted = ["business_date", "shop", "register", "sequence", "member", "gross"].filter(
    (key) => params.has(key),
  );
  const state = params.get("state");
  const found = scene.list.filter(
    ({ head }) =>
      wanted.every((key) => head[key] === params.get(key)) &&
      (state === null || state === head.state),
  );
  return page(name === "empty" ? [] : found.map(listed), params);
}

function breaks({ scene, name }, params) {
  const found = scene.breaks.filter(
    (item) =>
      item.reconciliation === params.get("reconciliation") &&
      (!params.has("class") || item.class === params.get("class")),
  );
  return page(name === "weekend" ? found : [], params);
}

/** Keyset pages: `after` is the id of the last item that the reader has. */
function page(items, params) {
  const limit = Number(params.get("limit") ?? "50");
  const after = params.get("after");
  const start = after === null ? 0 : items.findIndex(({ id }) => id === after) + 1;
  const shown = items.slice(start, start + limit);
  const hasMore = start + limit < items.length;
  return { items: shown, next: hasMore ? shown.at(-1).id : null };
}

function receipt(response, { scene }, id, part) {
  const found = scene.receipts.get(decodeURIComponent(id));
  if (found === undefined) return problem(response, 404, "No such transaction");
  if (part === undefined) return json(response, full(found));
  if (part === "explanation") return json(response, explanation(found));
  const { correlation_id } = found.head;
  return json(response, { id, correlation_id, entries: found.timeline });
}

/** One line with all the points. */
function explanation({ head, flow }) {
  const { expected = null, answered = null } = flow?.points ?? {};
  const counts = answered ?? expected;
  const words = [
    "Judged by programme toys-and-more, version 1, at 2026-11-21T10:03:04 (Europe/Berlin).",
    `base: 1 point(s) per EUR on ${head.gross} ${head.currency}: ${head.gross}`,
    `rounded (floor): ${head.gross} -> ${expected}`,
    answered === null
      ? "The loyalty platform has not answered yet; this is the expectation."
      : `The loyalty platform answered ${answered}, as expected.`,
  ];
  return {
    transaction: full({ head, flow }),
    points: { expected, answered, counts, whose: "platform", taken_back: 0, left: counts },
    rules: {
      programme: "toys-and-more",
      version: 1,
      zone: "Europe/Berlin",
      local_time: "2026-11-21T10:03:04",
    },
    lines: [
      {
        line: 1,
        article: "TOY-10001",
        description: "Wooden train",
        action: "sold",
        kind: "goods",
        quantity: "1",
        gross: head.gross,
        eligible: head.gross,
        earns_nothing_because: null,
        points: counts,
        units: [{ units: 1, points: counts }],
        taken_back: { quantity: "0", points: 0 },
      },
    ],
    campaigns: [{ id: "weekend-dolls", multiplier: "3", verdict: "no_article" }],
    reversals: [],
    takes_back: [],
    postings: [
      { account: "cash", side: "debit", amount: head.gross, tax_code: null },
      { account: "revenue", side: "credit", amount: head.gross, tax_code: null },
    ],
    why: words,
  };
}

function json(response, body) {
  response.writeHead(200, { "Content-Type": "application/json", "Cache-Control": "no-store" });
  response.end(JSON.stringify(body));
}

function problem(response, status, title) {
  response.writeHead(status, { "Content-Type": "application/problem+json" });
  const code = status === 404 ? "CF-1404" : "CF-1405";
  response.end(
    JSON.stringify({ type: `/errors/${code}`, title, status, code, retryable: false }),
  );
}

function redirect(response, location) {
  response.writeHead(302, { Location: location }).end();
}

async function file(response, name) {
  const path = join(dist, normalize(`/${name === "" ? "index.html" : name}`));
  try {
    const body = await readFile(path);
    response.writeHead(200, {
      "Content-Type": types[extname(path)] ?? "application/octet-stream",
      "Content-Security-Policy": policy,
    });
    response.end(body);
  } catch {
    problem(response, 404, "No such file; run npm run build first");
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      port: { type: "string", default: "8090" },
      scene: { type: "string", default: "weekend" },
    },
  });
  const mock = await startMock({ port: Number(values.port), scene: values.scene });
  console.log(`Console on mock data (${values.scene}): ${mock.url}/console/`);
}
