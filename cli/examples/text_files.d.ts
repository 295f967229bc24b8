/** Files of the example tree are imported as text, so that the compiled program carries them too. */
declare module "*.py" {
  const text: string;
  export default text;
}
declare module "*.md" {
  const text: string;
  export default text;
}
