import { expect } from "bun:test";
import { until } from "../event.ts";
import { pageTest } from "./browser.ts";
import { PageServer } from "./page-server.ts";

const server = new PageServer();

const TEXT = `# Physics
The energy is $E = mc^2$, so:
$$\\int_0^1 x^2\\,dx = \\frac13$$
| unit | **value** |
|------|----------:|
| m    | 12        |
| s    | 3.5       |

See [the notes](https://notes.example/week1) :tada:
\`\`\`py
def half(x):  # of it
    return x / 2
\`\`\``;

pageTest("draws headings, tables, formulas, emoji, named links and coloured code", async () => {
  const ben = server.home("ben");
  ben.json(["send", TEXT]);
  ben.json(["send", ":joy: 🎉"]);
  ben.json(["send", `$\\rule{9999em}{9999em}$ and $\\frac{$ and $${"{".repeat(400)}$`]);
  ben.json(["send", `$${"\\def\\a{\\a\\a}\\a"}$ `]);
  const ana = await server.window("ana");
  await ana.waitForMessage("See the notes");
  const { page } = ana;
  await page.getByRole("heading", { name: "Physics" }).waitFor();
  await page.locator("math").nth(1).waitFor();
  expect(await page.locator("table td").allTextContents()).toEqual(["m", "12", "s", "3.5"]);
  const link = page.getByRole("link", { name: "the notes" });
  expect(await link.getAttribute("href")).toBe("https://notes.example/week1");
  await ana.waitForMessage("(notes.example)");
  await page.locator(".code-keyword", { hasText: "return" }).waitFor();
  await page.getByRole("img", { name: "tada" }).waitFor();
  const large = page.locator(".words.is-emoji");
  await until("emoji alone are large", async () => (await large.textContent()) === "😂 🎉");
  // An invalid formula stays as typed, and none covers the page.
  await ana.waitForMessage("\\frac{");
  const rule = await page.locator(".formula").last().boundingBox();
  expect(rule?.height ?? 0).toBeLessThan(600);
  expect(await ana.accessibilityViolations()).toEqual([]);
});
