/** The content of a file as a string, which the test runner and the build load. */
declare module '*?raw' {
  const content: string
  export default content
}
