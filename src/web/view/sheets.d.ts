/** Type of an imported style sheet. */

declare module "*.css" {
  const address: string;
  // biome-ignore lint/style/noDefaultExport: the bundler exports the URL as default
  export default address;
}
