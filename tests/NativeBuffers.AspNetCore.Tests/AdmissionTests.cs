namespace NativeBuffers.AspNetCore.Tests;

/// <summary>Reservations that wait.</summary>
public class AdmissionTests
{
    [Fact]
    public async Task A_reservation_waits_until_there_is_room_and_the_first_comes_first()
    {
        NativeMemoryBudget server = NativeAllocator.Default.WithBudget(new() { Name = "Server", Limit = 100 });
        using NativeMemoryBudget uploads = server.WithBudget(new() { Name = "Uploads", Limit = 80 });
        NativeMemoryReservation first = await uploads.WaitAsync(60, TestContext.Current.CancellationToken);
        Task<NativeMemoryReservation> large = uploads.WaitAsync(70, TestContext.Current.CancellationToken).AsTask();
        Task<NativeMemoryReservation> small = uploads.WaitAsync(10, TestContext.Current.CancellationToken).AsTask();
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(large.IsCompleted || small.IsCompleted);
        first.Dispose();
        using NativeMemoryReservation second = await large;
        using NativeMemoryReservation third = await small;
        Assert.Equal((80, 0, 0), (uploads.ReservedBytes, uploads.RefusedCount, server.RefusedCount));
    }

    [Fact]
    public async Task A_budget_above_that_is_full_is_waited_for()
    {
        NativeMemoryBudget server = NativeAllocator.Default.WithBudget(new() { Name = "Server", Limit = 1000 });
        using NativeMemoryBudget uploads = server.WithBudget(new() { Name = "Uploads" });
        NativeMemoryOwner<byte> used = NativeMemoryOwner<byte>.Create(900, server);
        Task<NativeMemoryReservation> waiting = uploads.WaitAsync(200, TestContext.Current.CancellationToken).AsTask();
        await Task.Delay(20, TestContext.Current.CancellationToken);
        Assert.False(waiting.IsCompleted);
        used.Dispose();
        (await waiting).Dispose();
    }

    [Fact]
    public async Task A_wait_that_is_cancelled_or_can_never_end_throws()
    {
        NativeMemoryBudget server = NativeAllocator.Default.WithBudget(new() { Name = "Server", Limit = 100 });
        NativeMemoryBudget uploads = server.WithBudget(new() { Name = "Uploads" });
        using NativeMemoryReservation all = await uploads.WaitAsync(100, TestContext.Current.CancellationToken);
        using var soon = new CancellationTokenSource(20);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await uploads.WaitAsync(1, soon.Token));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await uploads.WaitAsync(101));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(async () => await uploads.WaitAsync(-1));
        Task<NativeMemoryReservation> waiting = uploads.WaitAsync(1, TestContext.Current.CancellationToken).AsTask();
        uploads.Dispose();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => waiting);
    }
}
