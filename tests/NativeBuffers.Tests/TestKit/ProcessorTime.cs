using System.Runtime.InteropServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>The processor time that the current thread has used. Other work on the machine does not add to it, as it does to a watch.</summary>
internal static unsafe class ProcessorTime
{
    /// <summary>Of the current thread on Linux; of the whole process where the system has no such clock.</summary>
    public static TimeSpan Now
    {
        get
        {
            if (!OperatingSystem.IsLinux())
            {
                return Environment.CpuUsage.TotalTime;
            }

            const int ClockOfThread = 3;
            long* time = stackalloc long[2];
            Assert.Equal(0, GetClock(ClockOfThread, time));
            return TimeSpan.FromSeconds(time[0]) + TimeSpan.FromMicroseconds(time[1] / 1000);
        }
    }

    [DllImport("libc", EntryPoint = "clock_gettime")]
    private static extern int GetClock(int clock, long* time);
}
