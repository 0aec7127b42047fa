using System.Buffers;
using NativeBuffers.Tests.RealParts;

namespace NativeBuffers.InFlight;

/// <summary>Receives into memory, gives it back meanwhile, lets the peer send, and says what happened.</summary>
/// <remarks>The arguments: <c>owner</c> or <c>pool</c>, and <c>pinned</c> or <c>unpinned</c>.</remarks>
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
        MemoryHandle pin = arguments[1] == "pinned" ? rental.Memory.Pin() : default;
        Task<int> receiving = connection.Receiver.ReceiveAsync(rental.Memory).AsTask();
        rental.GiveBack();
        Console.WriteLine($"in flight, new use refused: {IsRefused(rental) && !receiving.IsCompleted}");
        Console.WriteLine($"in flight, given back: {rental.IsGivenBack}");
        rental.LetOthersIn();
        await connection.Sender.SendAsync(content);

        // Not for ever: if the process is to end, it ends soon.
        Console.WriteLine($"received: {await receiving.WaitAsync(TimeSpan.FromSeconds(20))}");
        unsafe
        {
            // SAFETY: pinned, or else this is not reached.
            Console.WriteLine($"the bytes are right: {new ReadOnlySpan<byte>(pin.Pointer, content.Length).SequenceEqual(content)}");
        }

        Console.WriteLine($"given back before the pin ended: {rental.IsGivenBack}");
        pin.Dispose();
        Console.WriteLine($"given back after the pin ended: {rental.IsGivenBack}");
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
