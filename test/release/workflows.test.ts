import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const GITHUB = join(import.meta.dir, "..", "..", ".github");
const WORKFLOWS = readdirSync(join(GITHUB, "workflows"));
const FORMS = ["bug.yml", "feature.yml"];
const PINNED = /^[\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/;

interface Workflow {
  readonly on: unknown;
  readonly permissions: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { "timeout-minutes"?: number; steps: unknown[] }>>;
}

const textOf = (path: string) => readFileSync(join(GITHUB, path), "utf8");

describe.each(WORKFLOWS)("the workflow %s", (name) => {
  const text = textOf(`workflows/${name}`);

  test("pins every action by commit and names its version", () => {
    const actions = [...text.matchAll(/^\s*-? *uses: *(.*)$/gm)].map(([, action]) => action ?? "");
    expect(actions).not.toEqual([]);
    expect(actions.filter((action) => !PINNED.test(action))).toEqual([]);
  });

  test("may only read by default, and limits the time of each job", () => {
    const { on, permissions, jobs } = Bun.YAML.parse(text) as Workflow;
    expect(on).toBeTruthy();
    expect(permissions).toEqual({ contents: "read" });
    for (const job of Object.values(jobs)) {
      expect(job["timeout-minutes"]).toBeGreaterThan(0);
      expect(job.steps.length).toBeGreaterThan(0);
    }
  });

  test("passes no expression to a shell", () => {
    const { jobs } = Bun.YAML.parse(text) as Workflow;
    const steps = Object.values(jobs).flatMap((job) => job.steps) as { run?: string }[];
    expect(steps.filter(({ run }) => run?.includes("${{"))).toEqual([]);
  });
});

test.each(FORMS)("the issue form %s has a name and fields with unique ids", (name) => {
  const form = Bun.YAML.parse(textOf(`ISSUE_TEMPLATE/${name}`)) as {
    name: string;
    description: string;
    body: { type: string; id?: string; attributes: object }[];
  };
  expect([form.name, form.description]).toEqual([expect.any(String), expect.any(String)]);
  const ids = form.body.flatMap(({ type, id }) => (type === "markdown" ? [] : [id]));
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).not.toContain(undefined);
});

test("Dependabot checks npm and the actions", () => {
  const { version, updates } = Bun.YAML.parse(textOf("dependabot.yml")) as {
    version: number;
    updates: { "package-ecosystem": string }[];
  };
  expect(version).toBe(2);
  expect(updates.map((update) => update["package-ecosystem"])).toEqual(["npm", "github-actions"]);
});
