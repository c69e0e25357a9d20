/**
 * The pages that tell people what to type, in the order in which README names them. The walk
 * follows them in this order on one fresh home: a line may need what an earlier one has made.
 */
export const GUIDES: readonly string[] = [
  "README.md",
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
