/** Type of an imported style sheet. */

/** URL of a style sheet that is loaded later. */
declare module "*.css" {
  const address: string;
  // biome-ignore lint/style/noDefaultExport: it is what the bundler makes of a file
  export default address;
}
