// What the stories of the browser have in common: pages that are watched, what every page must keep
// to, and how a story is told.
//
// CROSSFOOT_URL          where the server is, e.g. http://127.0.0.1:8080 (needed)
// CROSSFOOT_SCREENSHOTS  folder for pictures; none are taken without it
// CROSSFOOT_CHROMIUM     the browser, /usr/bin/chromium by default
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

export function needed(name) {
  const value = process.env[name] ?? "";
  assert.notEqual(value, "", `${name} is not set`);
  return value;
}

export const base = needed("CROSSFOOT_URL").replace(/\/$/, "");
const pictures = process.env.CROSSFOOT_SCREENSHOTS ?? "";
if (pictures !== "") mkdirSync(pictures, { recursive: true });

export const sizes = {
  desktop: { viewport: { width: 1280, height: 900 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 900 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light" },
  "phone-dark": { viewport: { width: 390, height: 844 }, colorScheme: "dark" },
};

export async function picture(page, name) {
  if (pictures === "") return;
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true });
}

/** Opens a page whose foreign requests and script errors are collected. */
async function openPage(options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const foreign = [];
  const errors = [];
  page.on("request", (request) => {
    if (!request.url().startsWith(`${base}/`)) foreign.push(request.url());
  });
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) errors.push(message.text());
  });
  return { page, context, foreign, errors };
}

async function fitsWidth(page, name) {
  const [needs, has] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    document.documentElement.clientWidth,
  ]);
  assert.ok(needs <= has, `${name} is ${needs} px wide on a screen of ${has}`);
}

async function accessible(page, name) {
  // Evaluated rather than added as a script, which a content security policy would refuse.
  await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const result = await window.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"],
    });
    return result.violations.map(
      ({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target.join(" ")).join(", ")}`,
    );
  });
  assert.deepEqual(violations, [], `accessibility of ${name}`);
}

export async function checked(page, size, name) {
  await fitsWidth(page, `${name} (${size})`);
  await accessible(page, `${name} (${size})`);
  await picture(page, `${name}-${size}`);
}

const browser = await chromium.launch({
  executablePath: process.env.CROSSFOOT_CHROMIUM ?? "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
let failed = false;

export async function story(name, options, tell) {
  const { page, context, foreign, errors } = await openPage(options);
  page.setDefaultTimeout(20_000);
  try {
    await tell(page);
    assert.deepEqual(foreign, [], "requests left the server");
    assert.deepEqual(errors, [], "script errors");
    console.log(`ok    ${name}`);
  } catch (error) {
    failed = true;
    await picture(page, `failed-${name.replace(/\W+/g, "-")}`).catch(() => undefined);
    console.error(`FAIL  ${name}\n${error.stack ?? error}`);
  } finally {
    await context.close();
  }
}

/** After the last story. */
export async function end() {
  await browser.close();
  process.exit(failed ? 1 : 0);
}
