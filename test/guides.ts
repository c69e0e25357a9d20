/** Guides, in the order of README. test/e2e/docs-walk.test.ts runs their commands in this order. */
export const GUIDES: readonly string[] = [
  "README.md",
  "docs/install.md",
  "docs/joining.md",
  "docs/screen.md",
  "docs/talking.md",
  "docs/files.md",
  "docs/browser.md",
  "docs/history.md",
  "docs/proofs.md",
  "docs/scripting.md",
  "docs/accounts.md",
  "docs/sealed.md",
  "docs/lan.md",
  "docs/serving.md",
  "docs/cluster.md",
  "docs/troubleshooting.md",
];
