// Goal: where the server wants to know who looks, a person signs in with a key, is told when it is
// not accepted, and signs out again; the key never stands in an address.
//
// CROSSFOOT_KEY  a key that may see the overview (needed)
import assert from "node:assert/strict";
import { base, checked, end, needed, sizes, story } from "./browser.mjs";

const key = needed("CROSSFOOT_KEY");

async function signsIn(page, size) {
  await page.goto(`${base}/console/`);
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await checked(page, size, "sign-in");
  const field = page.getByLabel("Access token or API key");
  const enter = page.getByRole("button", { name: "Sign in" });
  await field.fill("cf_nobody_0");
  await enter.click();
  await page.getByText("These credentials were not accepted").waitFor();
  await checked(page, size, "sign-in-refused");
  await field.fill(key);
  await enter.click();
  await page.getByRole("heading", { name: "Do the books agree?" }).waitFor();
  assert.ok(!page.url().includes(key), "the key stands in the address");
  await checked(page, size, "signed-in");
  await page.reload();
  await page.getByRole("heading", { name: "Do the books agree?" }).waitFor();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

try {
  for (const size of ["desktop", "phone"]) {
    await story(`${size}: signing in and out`, sizes[size], (page) => signsIn(page, size));
  }
} finally {
  await end();
}
