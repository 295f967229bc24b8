/** The Python program is imported as text, so that the compiled program carries it too. */
declare module "*.py" {
  const text: string;
  export default text;
}
