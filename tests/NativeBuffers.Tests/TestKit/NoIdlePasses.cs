using System.Reflection;
using NativeBuffers.Blocks.Cache.Stores;

namespace NativeBuffers.Tests.TestKit;

/// <summary>A time in which the timer of the caches does not run. Its passes free idle blocks and empty queues, at any moment.</summary>
/// <remarks>The tests that run alone have it, because some of them look at kept blocks, or at slots in a queue.</remarks>
public sealed class NoIdlePasses : IDisposable
{
    private static readonly FieldInfo s_timer = Field("s_timer");
    private static readonly FieldInfo s_isSet = Field("s_isSet");

    public NoIdlePasses() => Begin();

    /// <summary>Runs a part of a test that needs the timer.</summary>
    public static void Lift(Action body)
    {
        End();
        try
        {
            body();
        }
        finally
        {
            Begin();
        }
    }

    public void Dispose() => End();

    private static void Begin()
    {
        // Set, as a reservation would find it that has lost against another one. A disposed timer cannot be set.
        s_isSet.SetValue(null, 1);
        if (s_timer.GetValue(null) is Timer timer)
        {
            using var isOver = new ManualResetEvent(false);
            if (timer.Dispose(isOver))
            {
                isOver.WaitOne();
            }
        }

        // The last tick may have changed it.
        s_isSet.SetValue(null, 1);
    }

    private static void End()
    {
        s_timer.SetValue(null, null);
        s_isSet.SetValue(null, 0);
        IdleTimer.Start();
    }

    private static FieldInfo Field(string name) => typeof(IdleTimer).GetField(name, BindingFlags.Static | BindingFlags.NonPublic)!;
}
