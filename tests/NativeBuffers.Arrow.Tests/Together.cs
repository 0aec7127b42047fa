namespace NativeBuffers.Arrow.Tests;

/// <summary>Runs two actions at the same time.</summary>
internal static class Together
{
    public static void Run(Action other, Action here)
    {
        using var start = new Barrier(2);
        Exception? thrown = null;
        var thread = new Thread(() =>
        {
            start.SignalAndWait();
            thrown = Record.Exception(other);
        });
        thread.Start();
        start.SignalAndWait();
        here();
        thread.Join();
        Assert.Null(thrown);
    }
}
