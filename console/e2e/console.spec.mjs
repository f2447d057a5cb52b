// Goal: a store-operations person sees the weekend's figures, finds a receipt by what stands on its
// paper, and reads that its points were credited, why so many, and its amount posted. Also: nothing
// is fetched from elsewhere, nothing is wider than a phone, no accessibility rule is broken, and a
// server that does not answer is admitted.
//
// CROSSFOOT_SHOP, CROSSFOOT_DATE, CROSSFOOT_SEQUENCE   a sale with a member, complete (needed)
// CROSSFOOT_REGISTER     its till, when shop, date and number alone are not unique
// CROSSFOOT_MANY         set when there are more receipts than one page of the list holds
import assert from "node:assert/strict";
import { base, checked, end, needed, picture, sizes, story } from "./browser.mjs";

const wanted = {
  shop: needed("CROSSFOOT_SHOP"),
  business_date: needed("CROSSFOOT_DATE"),
  register: process.env.CROSSFOOT_REGISTER ?? "",
  sequence: needed("CROSSFOOT_SEQUENCE"),
};

/** Whole numbers as the page writes them: "12,345". */
async function countOf(locator) {
  const shown = (await locator.innerText()).trim();
  assert.match(shown, /^\d{1,3}(,\d{3})*$/, `not a count: ${shown}`);
  return Number(shown.replaceAll(",", ""));
}

async function overviewShowsNumbers(page, size) {
  await page.goto(`${base}/console/`);
  const received = page.locator('[data-figure="received"]');
  await received.waitFor();
  assert.ok((await countOf(received)) > 0, "nothing was received");
  const systems = page.locator("[data-waiting]");
  assert.ok((await systems.count()) >= 2, "fewer than two systems are shown");
  for (const line of await systems.allInnerTexts()) {
    assert.match(line, /^.+: (nothing waiting|[\d,]+ waiting(, oldest .+)?)$/);
  }
  await page.locator('[data-live="live"] time').waitFor();
  await page.getByRole("heading", { name: "Do the books agree?" }).waitFor();
  await checked(page, size, "overview");
}

async function overviewRefreshes(page) {
  await page.goto(`${base}/console/`);
  const clock = page.locator('[data-live="live"] time');
  await clock.waitFor();
  const before = await clock.getAttribute("datetime");
  await page.waitForFunction(
    (old) => document.querySelector('[data-live="live"] time')?.dateTime !== old,
    before,
    { timeout: 10_000 },
  );
}

async function searchFindsReceipt(page, size) {
  await page.getByRole("navigation").getByRole("link", { name: "Receipts" }).click();
  const form = page.getByRole("search");
  await form.getByLabel("Store").fill(wanted.shop);
  await form.getByLabel("Business date").fill(wanted.business_date);
  await form.getByLabel("Till").fill(wanted.register);
  await form.getByLabel("Receipt number").fill(wanted.sequence);
  await form.getByRole("button", { name: "Search" }).click();
  const name = new RegExp(`^${escape(wanted.shop)}.*no\\. ${escape(wanted.sequence)}$`);
  const rows = page.getByRole("row").filter({ has: page.getByRole("link", { name }) });
  await rows.first().waitFor();
  await checked(page, size, "receipts");
  // A held receipt may have the same number; the one to read is the one that went on.
  await rows.filter({ hasNotText: "Held" }).first().getByRole("link", { name }).click();
}

function escape(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

async function timelineTellsTheStory(page, size) {
  const entries = page.locator(".timeline > li");
  await entries.first().waitFor();
  const told = (kind, words) =>
    entries.and(page.locator(`[data-kind="${kind}"]`)).filter({ hasText: words });
  await told("accrue", /credited the points/)
    .first()
    .waitFor();
  await told("post", /posted the receipt/)
    .first()
    .waitFor();
  assert.ok((await page.locator(".leg").count()) >= 2, "fewer than two legs are shown");
  await page.getByRole("button", { name: "Copy Correlation id" }).click();
  await page.getByText(/^(Copied|Select and copy it by hand)$/).waitFor();
  await checked(page, size, "receipt");
}

async function pointsAreExplained(page, size) {
  await page.getByRole("link", { name: "Why these points?" }).click();
  const heading = page.getByRole("heading", { level: 1, name: /^Why [\d,]+ points?\?$/ });
  await heading.waitFor();
  const points = Number((await heading.innerText()).replace(/[^\d]/g, ""));
  const why = page.locator(".why > li");
  await why.filter({ hasText: "Judged by programme" }).waitFor();
  await why.filter({ hasText: new RegExp(`answered ${points}\\b`) }).waitFor();
  const cells = await page
    .getByRole("table", { name: "What each line earned" })
    .locator("tbody tr td:last-child")
    .allInnerTexts();
  const sum = cells.reduce(
    (all, cell) => all + Number(/^[\d,]*/.exec(cell)[0].replace(",", "")),
    0,
  );
  assert.equal(sum, points, "the lines add up to the receipt's points");
  await checked(page, size, "why");
  await page.goBack();
}

async function breaksPageOpens(page, size) {
  await page.getByRole("navigation").getByRole("link", { name: "Breaks" }).click();
  await page.getByRole("heading", { name: "Breaks", level: 1 }).waitFor();
  await page.locator("table, .empty").first().waitFor();
  await checked(page, size, "breaks");
}

async function numberNeedsItsDate(page) {
  await page.goto(`${base}/console/#/receipts`);
  const form = page.getByRole("search");
  await form.getByLabel("Receipt number").fill(wanted.sequence);
  await form.getByRole("button", { name: "Search" }).click();
  await form.getByRole("alert").getByText("Choose the business date as well").waitFor();
}

async function memberAndAmountFind(page) {
  const query = new URLSearchParams({ business_date: wanted.business_date, shop: wanted.shop });
  await page.goto(`${base}/console/#/receipts?${query}`);
  const row = page
    .getByRole("row")
    .filter({
      has: page.getByRole("link", { name: new RegExp(`no\\. ${escape(wanted.sequence)}$`) }),
    })
    .filter({ hasNotText: "Held" })
    .first();
  const id = await row.locator("[data-receipt]").getAttribute("data-receipt");
  const receipt = await (await page.request.get(`${base}/v1/transactions/${id}`)).json();
  const form = page.getByRole("search");
  await form.getByLabel("Member").fill(receipt.member);
  await form.getByLabel("Amount").fill(receipt.gross);
  await form.getByRole("button", { name: "Search" }).click();
  await page.locator(`[data-receipt="${id}"]`).waitFor();
  await page.waitForFunction(() => window.location.hash.includes("gross="));
  await form.getByLabel("Member").fill("M-nobody");
  await form.getByRole("button", { name: "Search" }).click();
  await page.getByText("No receipt fits.").waitFor();
}

async function listGoesOn(page) {
  await page.goto(`${base}/console/#/receipts`);
  const rows = page.getByRole("table", { name: "Receipts" }).locator("tbody tr");
  await rows.first().waitFor();
  const before = await rows.count();
  await page.getByRole("button", { name: "Show more" }).click();
  await page.waitForFunction(
    (shown) => document.querySelectorAll("tbody tr").length > shown,
    before,
  );
  const ids = await page
    .locator("[data-receipt]")
    .evaluateAll((links) => links.map(({ dataset }) => dataset.receipt));
  assert.equal(new Set(ids).size, ids.length, "a receipt is listed twice");
}

async function unknownReceiptIsSaid(page) {
  await page.goto(`${base}/console/#/receipts/no-such-id`);
  await page
    .getByText(/There is no receipt with this id|refused|not a valid/i)
    .first()
    .waitFor();
}

async function unreachableIsAdmitted(page) {
  await page.goto(`${base}/console/`);
  await page.locator('[data-figure="received"]').waitFor();
  await page.route("**/v1/**", (route) => route.abort("connectionrefused"));
  await page.getByRole("alert").getByText("The server is not reachable").waitFor();
  await page.locator('[data-live="lost"]').waitFor();
  assert.equal(await page.locator('[data-figure="received"]').count(), 1, "figures vanished");
  await picture(page, "unreachable-desktop");
  await page.unroute("**/v1/**");
  await page.locator('[data-live="live"]').waitFor();
  assert.equal(await page.getByRole("alert").count(), 0, "the warning stayed");
}

async function strangeAnswerIsContained(page) {
  await page.route("**/v1/overview", (route) => route.fulfill({ json: {} }));
  await page.goto(`${base}/console/`);
  await page.getByRole("alert").getByText("This page could not be shown").waitFor();
  await page.getByRole("navigation").getByRole("link", { name: "Receipts" }).click();
  await page.getByRole("heading", { name: "Receipts", level: 1 }).waitFor();
}

try {
  for (const [size, options] of Object.entries(sizes)) {
    await story(`${size}: overview, search, receipt, breaks`, options, async (page) => {
      await overviewShowsNumbers(page, size);
      await searchFindsReceipt(page, size);
      await timelineTellsTheStory(page, size);
      await pointsAreExplained(page, size);
      await breaksPageOpens(page, size);
    });
  }
  await story("the overview refreshes by itself", sizes.desktop, overviewRefreshes);
  await story("a receipt number needs its date", sizes.desktop, numberNeedsItsDate);
  await story("member and amount find a receipt", sizes.desktop, memberAndAmountFind);
  if (process.env.CROSSFOOT_MANY) {
    await story("a long list goes on", sizes.desktop, listGoesOn);
  }
  await story("an unknown receipt is said to be unknown", sizes.desktop, unknownReceiptIsSaid);
  await story("a strange answer stays contained", sizes.desktop, strangeAnswerIsContained);
  await story("a silent server is admitted", sizes.desktop, unreachableIsAdmitted);
} finally {
  await end();
}
