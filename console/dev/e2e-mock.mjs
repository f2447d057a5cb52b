// Runs the end-to-end check against the mock server on a free port. Exits as the check does.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { startMock } from "./mock.mjs";

const mock = await startMock();
const { shop, business_date, register, sequence } = mock.scene.sale.head;
const spec = fileURLToPath(new URL("../e2e/console.spec.mjs", import.meta.url));
const child = spawn(process.execPath, [spec], {
  stdio: "inherit",
  env: {
    ...process.env,
    CROSSFOOT_URL: mock.url,
    CROSSFOOT_SHOP: shop,
    CROSSFOOT_DATE: business_date,
    CROSSFOOT_REGISTER: register,
    CROSSFOOT_SEQUENCE: sequence,
    CROSSFOOT_MANY: "1",
  },
});
child.on("exit", async (code) => {
  await mock.close();
  process.exit(code ?? 1);
});
