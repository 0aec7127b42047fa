namespace NativeBuffers.Tests.Diagnostics.Guards;

/// <summary>As on kernels without guard pages.</summary>
public class ProtectedPagesViolationTests() : PageViolationContract("pages", "protected");
