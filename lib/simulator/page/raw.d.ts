/** A file as it is, as a string: the test runner and the build read it. */
declare module '*?raw' {
  const content: string
  export default content
}
