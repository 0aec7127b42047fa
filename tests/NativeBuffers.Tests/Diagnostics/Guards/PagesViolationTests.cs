namespace NativeBuffers.Tests.Diagnostics.Guards;

public class PagesViolationTests() : PageViolationContract("pages");
