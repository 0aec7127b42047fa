namespace NativeBuffers.Tests.TestKit;

/// <summary>Runs code that a budget must refuse.</summary>
internal static class Refused
{
    /// <summary>Asserts that a budget refuses; how it was then.</summary>
    public static NativeMemoryRefusal By(Action action) => NativeMemoryRefusal.Of(Assert.Throws<OutOfMemoryException>(action))!;

    /// <inheritdoc cref="By(Action)"/>
    public static NativeMemoryRefusal By(Func<object> function) => NativeMemoryRefusal.Of(Assert.Throws<OutOfMemoryException>(function))!;
}
