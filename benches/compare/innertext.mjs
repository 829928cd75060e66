// Prints the text that Chromium shows for HTML documents: `innerText` of the body.
//
//     NODE_PATH=... node innertext.mjs CHROMIUM OUT < LIST
//
// LIST has one path per line. The text of each file is written to OUT under its name with `.txt`, and a line with
// name and seconds is printed. The bytes are served as text/html without an encoding, as by EDGAR. All other
// requests of a page are refused.

import { createRequire } from "node:module";
import fs from "node:fs";
import path from "node:path";

const { chromium } = createRequire(process.env.NODE_PATH + "/")("playwright-core");
const [executablePath, out] = process.argv.slice(2);
const files = fs.readFileSync(0, "utf8").split("\n").filter(Boolean);

const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
let body = Buffer.alloc(0);
const context = await browser.newContext();
const page = await context.newPage();
await page.route("**/*", (route) =>
  route.request().url() === "http://document.test/"
    ? route.fulfill({ body, headers: { "content-type": "text/html" } })
    : route.abort(),
);
for (const file of files) {
  body = fs.readFileSync(file);
  const began = performance.now();
  await page.goto("http://document.test/", { waitUntil: "domcontentloaded", timeout: 300000 });
  const text = await page.evaluate(() => document.body?.innerText ?? "");
  fs.writeFileSync(path.join(out, path.basename(file) + ".txt"), text);
  console.log(`${path.basename(file)}\t${(performance.now() - began) / 1000}`);
}
await browser.close();
