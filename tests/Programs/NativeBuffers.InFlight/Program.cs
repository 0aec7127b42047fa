using System.Buffers;
using NativeBuffers.Tests.TestKit;

namespace NativeBuffers.InFlight;

/// <summary>Receives into memory, disposes its owner before the peer sends, and prints the outcome.</summary>
/// <remarks>The arguments: <c>owner</c> or <c>pool</c>, and <c>retained</c>, <c>pinned</c> or <c>unpinned</c>.</remarks>
public static class Program
{
    public static async Task Main(string[] arguments)
    {
        using Rental rental = arguments[0] == "owner" ? new OwnedRental() : new PooledRental();
        AppDomain.CurrentDomain.UnhandledException += (_, end) =>
        {
            Console.WriteLine($"ended by {end.ExceptionObject.GetType().Name}");
            Console.WriteLine($"nobody else's bytes were touched: {rental.AreOthersUntouched}");
        };
        byte[] content = [.. Enumerable.Range(0, 1000).Select(i => (byte)(i * 7))];
        using Loopback connection = await Loopback.ConnectAsync();
        using IMemoryOwner<byte>? retained = arguments[1] == "retained" ? rental.Retain() : null;
        using MemoryHandle pin = arguments[1] == "pinned" ? rental.Memory.Pin() : default;
        Task<int> receiving = connection.Receiver.ReceiveAsync(retained?.Memory ?? rental.Memory).AsTask();
        rental.GiveBack();
        Console.WriteLine($"in flight, new use refused: {IsRefused(rental) && !receiving.IsCompleted}");
        Console.WriteLine($"in flight, given back: {rental.IsGivenBack}");
        rental.LetOthersIn();
        await connection.Sender.SendAsync(content);

        // Not for ever: if the process is to end, it ends soon.
        Console.WriteLine($"received: {await receiving.WaitAsync(TimeSpan.FromMinutes(1))}");
        Console.WriteLine($"the bytes are right: {retained!.Memory.Span[..content.Length].SequenceEqual(content)}");
        Console.WriteLine($"given back before that ended: {rental.IsGivenBack}");
        retained.Dispose();
        Console.WriteLine($"given back after that ended: {rental.IsGivenBack}");
        Console.WriteLine($"nobody else's bytes were touched: {rental.AreOthersUntouched}");
    }

    private static bool IsRefused(Rental rental)
    {
        try
        {
            _ = rental.Memory;
            return false;
        }
        catch (ObjectDisposedException)
        {
            return true;
        }
    }
}
